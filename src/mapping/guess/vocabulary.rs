//! The words by which HR systems call their columns, in many languages: folded to plain letters and digits, the surest first.

/// What a column may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    Key,
    First,
    Last,
    Full,
    Mail,
    Department,
    Title,
    Manager,
    Start,
    End,
    Status,
    Kind,
    CostCentre,
    Division,
    Company,
    Office,
    Street,
    PostalCode,
    City,
    Country,
    Phone,
    Mobile,
    ValidFrom,
    ValidTo,
    Primary,
}

use Meaning as M;

/// Words by meaning. A column takes the first meaning that has its word.
pub(super) const WORDS: &[(Meaning, &str)] = &[
    (
        M::Key,
        "employeeid workerid personnelnumber personalnummer personalnr persnr pernr pnr employeenumber employeeno \
         employeecode empno empid staffid staffnumber payrollnumber matricule matriculation matricola \
         numeroempleado idempleado numerodeempleado personeelsnummer personeelsnr medewerkernummer medewerkerid \
         medewerker medarbejdernr medarbejdernummer lonnummer ansattnummer ansattnr anstallningsnummer anstnr \
         henkilonumero tyontekijanumero osobnicislo osobnecislo numerpracownika numerkadrowy numerosocio \
         numerodefuncionario sicilno dolgozokod 社員番号 従業員番号 工号 员工编号 사번 personid workernumber hrid workdayid \
         mitarbeiternummer mitarbeiterid employee personnumber id uid userid postuniquereference positionreference \
         osobnicislozamestnance cislozamestnance zamestnaneckecislo numerewidencyjny nrpracownika nrewidencyjny \
         anstallningsnr anstallningsid medarbejderid medarbeidernummer ansattid tyontekijatunnus azonosito \
         munkavallaloazonosito sicilnumarasi employeeref empnum empnr employeenum personnelno persno pernro \
         payrollno payrollid empcode associateid associateno associatenumber associatecode badgeno badgeid \
         badgenumber badgenr matrikelnummer matrikelnr emplid eeid eeno eenumber fileno filenumber \
         personidexternal personenid personennummer codicedipendente codicepersonale numeromatricola \
         codigodeempleado codigoempleado identificadordelempleado numerodematricula legajo nlegajo \
         matriculesalarie numerodesalarie numerosalarie identifiantsalarie codigodocolaborador codigofuncionario \
         matricula chapa nodefuncionario numerodofuncionario numerofuncionario kodpracownika idpracownika \
         numerpracowniczy oscislo osc staffcode staffno colleagueid colleaguenumber teammemberid teammembernumber \
         clocknumber clockno personnelid globalemployeeid sapid hrmsid businessentityid identifier ident \
         employeereference workerno hrnumber personalid persid mitarbeiternr",
    ),
    (
        M::First,
        "firstname givenname forename legalfirstname vorname rufname prenom voornaam roepnaam nombre nombres nome \
         fornavn fornamn etunimi jmeno imie keresztnev ad 名 fname first vorna firstnamelegal legalforename \
         primernombre primeiro prenomusuel calledname knownas preferredfirstname fornamne fornavne krestnijmeno \
         krestni imiona primeironome givennames firstnames preferredname",
    ),
    (
        M::Last,
        "lastname surname familyname legallastname nachname familienname achternaam apellidos apellido \
         primerapellido cognome sobrenome apelido efternavn etternavn efternamn sukunimi prijmeni priezvisko \
         nazwisko vezeteknev soyad 姓 lname last nachn nomusuel nomdusage nomdusagedusalarie geboortenaam \
         legalsurname lastnamelegal nomedefamilia nomdefamille nom prijmenizamestnance nazwiskorodowe slektsnavn \
         etternavne ultimonome sobrenomes lastnames surnames",
    ),
    (
        M::Full,
        "fullname displayname employeename workername nameinfull namevollstandig vollername nomcomplet \
         nombrecompleto nomecompleto name naam 氏名 navn namn nimi fuldenavn fulltnavn fullstandigtnamn \
         imieinazwisko jmenoaprijmeni celejmeno nev teljesnev adsoyad namedesmitarbeitersbzwbewerbers cognomeenome \
         cognomenome nominativo nomecognome nombreyapellidos apellidosynombre apellidoynombre nometprenom \
         prenometnom nomprenom namevorname vornamename vornamenachname nachnamevorname lastnamefirstname \
         firstnamelastname firstandlastname nazwiskoiimie nazwiskoimie prijmeniajmeno legalname personname \
         legalfullname preferredfullname employee",
    ),
    (
        M::Mail,
        "workemail businessemail emailwork emailaddress email mail emaildienstlich emailadresse emailgeschaftlich \
         emailpro courriel courrielprofessionnel correo correoelectronico emailaziendale emailwerk epost \
         sahkoposti メールアドレス workmail emailid emaildienstl dienstlicheemail emailadres epostadresse epostadress \
         arbejdsmail sluzbowyemail adresemail pracovniemail emailprimarywork primaryworkemail primaryemail \
         emailprimary workcontactworkemail workemailaddress businessemailaddress dienstlicheemailadresse \
         adresseemailprofessionnelle adressemailprofessionnelle adresseemail adressemail companyemail companymail \
         officialemail officialmail corporateemail corporatemail officeemail correoelectronicodetrabajo \
         correoelectronicoempresa correoelectronicolaboral correoelectronicocorporativo correocorporativo \
         correolaboral emailcorporativo emaillaboral emailempresa indirizzoemail postaelettronica emaillavoro \
         emailzakelijk zakelijkeemail emailadreswerk epostarbete epostjobb epostarbeid jobbepost arbetsmail \
         emailsluzbowy arbeitsemail emailarbeit emailcomercial emailempresarial emailbusiness emailoffice \
         usridlong tyosahkoposti sahkopostiosoite epostaadresi iseposta emailprofessionnel mailprofessionnel \
         mailadresse",
    ),
    (
        M::Department,
        "department departmentname dept deptname abteilungsbezeichnung abteilung service departement departamento \
         dipartimento reparto afdeling avdeling avdelning osasto oddeleni dzial osztaly departman 部署 \
         organizationalunit orgunit organisationseinheit supervisoryorganization unit afdelingsnavn avdelingsnavn \
         enhet enhed team abteilungsname jednostka jednostkaorganizacyjna utvar stredisko",
    ),
    (
        M::Title,
        "jobtitle businesstitle positiontitle title stellenbezeichnung berufsbezeichnung taetigkeitsbez tatigkeit \
         position funktion intituleduposte intituledeposte poste fonction puesto cargo mansione qualifica functie \
         functienaam stilling stillingsbetegnelse befattning nimike pozice stanowisko munkakor unvan 役職 job \
         jobname stelle role designation stillingstitel stillingstittel yrke pracovnipozice funkce stanowiskopracy",
    ),
    (
        M::Manager,
        "managerid manageremployeeid supervisorid supervisoreid managernumber reportsto reportstoid \
         vorgesetzterpersnr vorgesetzternr vorgesetzter vorgesetzte fuhrungskraft responsable idresponsable \
         superieur jefe supervisor responsabile leidinggevende leder nermesteleder chef esimies nadrizeny \
         przelozony vezeto yonetici 上司 manager linemanager managerid1 workersmanagerid managerusersysid \
         vorgesetzterpersonalnummer personalnummervorgesetzter personalnummerdesvorgesetzten reportingto \
         reportstoassociateid supervisoremployeenumber supervisoremployeeid supervisornumber supervisorprimarycode \
         supervisoreecode manager1 manager1employeeid managerpersonnumber reportstoemployeenumber \
         reportstoemployeeid reportstonumber jefedirecto jefeinmediato responsabledirecto responsablehierarchique \
         managerhierarchique superieurhierarchique naermesteleder narmestechef direktchef bezposredniprzelozony \
         gestor gestorimediato gestordireto superiorhierarquico superior esihenkilo directmanager directsupervisor \
         reportingmanager linemanagerpersonnelno linemanagerid linemanageremail managerno managernr manageremail \
         manageremailaddress managerworkemail manageruserid supervisoremail reportstoemail emailvorgesetzter \
         vorgesetzteremail emaildumanager emailmanager reportingseniorpost",
    ),
    (
        M::Start,
        "hiredate startdate dateofjoining joiningdate originalhiredate contractstartdate employmentstartdate \
         eintrittsdatum eintritt einstellungsdatum beginntaetigkeit datedentree dateentree datedembauche \
         fechadealta fechaingreso fechadeingreso dataassunzione datadiassunzione begindatum indienst datumindienst \
         datainicio datadeadmissao ansaettelsesdato ansattdato anstallningsdatum datumnastupu datazatrudnienia \
         isegiristarihi 入社日 hired joined hire start entry entrydate lasthiredate datehired hireddate hiredon \
         datejoined joineddate joinedon datestarted startingdate laststart laststartdate mostrecenthiredate \
         servicestartdate commencementdate firstdayofwork firstworkingday ersterarbeitstag datumeintritt \
         eintrittam eintrittab eintrittdatum datedentreesociete datedentreedanslasociete datedebutcontrat \
         datededebutdecontrat datedebutducontrat dtcontractstart datededebut datedebut fechadeinicio fechainicio \
         fechadeantiguedad fechaantiguedad datainiziorapporto datainizio datadiinizio begindatumdienstverband \
         indienstsinds indiensttreding anstalldfrom ansatfra ansattfra dataprzyjecia dataadmissao admissao \
         datadeinicio tyosuhteenalkupaiva tyosuhdealkaa isebaslamatarihi ansattelsesdato startdato startdatum \
         anstalldfran tiltradelsesdato tiltraedelsesdato datumnastupudoprace nastup zatrudnionyod alkamispaiva \
         belepes belepesdatuma",
    ),
    (
        M::End,
        "terminationdate enddate leavedate leavingdate lastworkingday lastdayofwork lastdayworked dateofleaving relievingdate \
         employmentenddate austrittsdatum austritt endetaetigkeit kundigungsdatum datedesortie \
         datesortie fechadebaja fechabaja datacessazione einddatum uitdienst datumuitdienst datafim datadedemissao \
         fratraedelsesdato sluttdato slutdatum datumukonceni datazwolnienia isten 退職日 terminated end leaving \
         leavingon leftdate dateleft actualterminationdate termdate dateterminated terminatedon \
         departuredate dismissaldate completiondate lastdateworked lastworkdate lastworkeddate finalworkingday \
         employmentend endofemployment datumaustritt austrittam austrittzum austrittdatum \
         datedesortiesociete datededepart datedepart datedefin fechadecese fechacese fechadeegreso fechaegreso fechadefin fechafin fechadesalida \
         fechasalida datafinerapporto datalicenziamento datadicessazione datafine datumuitdiensttreding \
         einddatumdienstverband avgangsdatum anstalldtom sluttetdato sluttet fratradt fratraadt fratraedt ansattil \
         ansatttil zatrudnionydo datarozwiazania datadesligamento datadedesligamento datademissao desligamento \
         tyosuhteenpaattymispaiva istenayrilmatarihi fratradelsesdato fratraadelsesdato fratradtdato \
         ansattelsesslut ansaettelsesslut sluttdatum anstalldtill ukonceni datumodchodu vystup datumvystupu \
         datarozwiazaniaumowy zwolnionydnia paattymispaiva kilepes kilepesdatuma lastday lastdayatwork \
         lastdayofemployment istencikistarihi cikistarihi istenayrilistarihi exitdate separationdate dateofexit \
         letzterarbeitstag letztertag datumdeontslag dateofseparation fechadebajalaboral contractenddate contractend \
         datefincontrat datedefindecontrat datefinducontrat dtcontractend",
    ),
    (
        M::Status,
        "workerstatus employmentstatus employeestatus status activestatus statut estado stato statuspracownika \
         stav durum isactive active aktiv actif activo attivo actief currentflag iscurrent positionstatus \
         assignmentstatus hrstatus workstatus mitarbeiterstatus currentemploymentstatus lifecyclestatus \
         hiringstatus situacion situacao situacaodofuncionario tila isterminated inactive isinactive inaktiv \
         inactif isleaver leaver disabled isdisabled blocked gesperrt ausgetreten ausgeschieden enabled isenabled \
         isemployed employed currentlyemployed iscurrentlyemployed notactive isnotactive notemployed archived \
         isarchived beschaftigungsverhaltnisstatus 状態 employmentstate state situation medarbejderstatus \
         ansattstatus anstallningsstatus statuszatrudnienia beschaftigungsstatus personalstatus",
    ),
    (
        M::Kind,
        "workertype employeetype employmenttype contracttype emptype typeofemployment mitarbeitergruppe \
         mitarbeiterkreis vertragsart beschaftigungsart typedecontrat tipodecontrato tipocontratto dienstverband",
    ),
    (
        M::CostCentre,
        "costcenter costcentre costcenterid kostenstelle kst centredecouts centrodecoste centrodicosto \
         kostenplaats omkostningssted kostnadsstalle",
    ),
    (M::Division, "division bereich geschaftsbereich businessunit direction"),
    (
        M::Company,
        "company companyname firma gesellschaft unternehmen societe empresa azienda bedrijf legalentity \
         organisation organization",
    ),
    (M::Office, "office officelocation location worklocation site standort arbeitsort lieu ubicacion sede kantoor locatie"),
    (M::Street, "streetaddress street strasse anschrift adresse rue direccion indirizzo straat"),
    (M::PostalCode, "postalcode zipcode zip postcode plz postleitzahl codepostal codigopostal cap"),
    (M::City, "city ort stadt town ville ciudad citta stad plaats by 市"),
    (M::Country, "countrycode country land landercode pays codepays pais paese nazione landcode"),
    (
        M::Phone,
        "officephone businessphone workphone phone telephone telefon telefondienstlich phonenumber telefono \
         telefoon",
    ),
    (
        M::Mobile,
        "mobilephone mobile cellphone mobil mobiltelefon handy portable movil cellulare mobiel telportable \
         portabletel mobilnummer mobilnr mobiltelefonnummer telefonkomorkowy mobilnitelefon",
    ),
    (
        M::ValidFrom,
        "validfrom effectivedate effectivefrom gultigab gueltigab begda valablede validodesde geldigvanaf datefrom \
         fromdate",
    ),
    (
        M::ValidTo,
        "validto validuntil effectiveto effectiveenddate gultigbis gueltigbis endda valablejusqua validohasta \
         geldigtot dateto todate",
    ),
    (
        M::Primary,
        "isprimary primary primaryflag mainemployment hauptvertrag hauptarbeitsverhaltnis principal \
         hauptbeschaftigung",
    ),
];

/// Status values that mean gone, folded.
pub(super) const LEFT: &str = "terminated inactive left leaver exited departed resigned retired dismissed deceased former ended ausgetreten \
     ausgeschieden gekundigt inaktiv pensioniert verstorben sorti parti inactif demissionne licencie retraite baja inactivo cesado \
     cessato inattivo dimesso uitdienst inactief fratradt sluttet slutat avslutad ukonceny zwolniony nieaktywny exemployee \
     notactive 退職 separated fratraadt fratraedt opsagt oppsagt uppsagd fratratt zwolniona odszedl nieaktywna ukonceno ukoncen odesel \
     neaktivni propusten sortie partie quitte licenciee inactive demissionnaire beendet entlassen gegangen ausgeschiedene inactiva cesada \
     cessata inattiva dimessa vertrokken demitido desligado inativo inativa paattynyt kilepett ayrildi pasif";

/// Status values that mean working here, on leave or not, folded. The dates still decide.
pub(super) const ACTIVE: &str = "active employed current working present onleave parentalleave maternityleave paternityleave sickleave \
     unpaidleave sabbatical leaveofabsence fulltime parttime permanent temporary fixedterm probation probationary onprobation regular \
     aktiv aktive beschaftigt angestellt elternzeit mutterschutz ruhend krank beurlaubt sonderurlaub vollzeit teilzeit probezeit befristet \
     unbefristet actif enposte conge congeparental congematernite congemaladie activo activa enactivo alta attivo attiva inservizio \
     actief indienst ouderschapsverlof ziek ativo ativa ansat ansatt anstalld tjenstgorende orlov barsel permisjon foreldrapermisjon \
     foraldraledig tjanstledig aktywny aktywna zatrudniony zatrudniona urlop aktivni zamestnan rodicovskadovolena materskadovolena voimassa \
     aktiivinen aktif calisiyor 在職";

/// Spellings of an empty cell that programs leave behind, in lower case. `na` is none: it is Namibia and a surname.
pub(super) const NOTHING: &[&str] = &[
    "null",
    "nan",
    "nat",
    "none",
    "n/a",
    "#n/a",
    "-",
    "--",
    "---",
    "(null)",
    "<null>",
    "<na>",
    "\\n",
    "nil",
    "undefined",
    "k.a.",
    "n.a.",
];

/// Values of a yes-or-no column that mean no, folded.
pub(super) const NO: &str = "false falsch faux falso no n nein non 0 onwaar nee nej ne";

/// Values of a yes-or-no column that mean yes, folded.
pub(super) const YES: &str = "true wahr vrai vero yes y ja j oui si 1 waar x verdadero";

/// Spellings of an end that is none.
pub(super) const NO_END: &[&str] = &[
    "-",
    "--",
    "0",
    "n/a",
    "na",
    "nd",
    "none",
    "null",
    "offen",
    "unbefristet",
    "00.00.0000",
    "00/00/0000",
    "0000-00-00",
    "31.12.9999",
    "31/12/9999",
    "9999-12-31",
    "9999-01-01",
    "12/31/9999",
    "4712-12-31",
    "2999-12-31",
    "31.12.2999",
    "2099-12-31",
    "31.12.2099",
    "1900-01-01",
    "01.01.1900",
    "1899-12-30",
    "30.12.1899",
    "0001-01-01",
    "01.01.0001",
    "31.12.99",
    "31/12/99",
    "12/31/99",
    "#n/a",
];

/// A name reduced to its plain letters and digits: `Pers.-Nr.` and `persnr` are one. Letters that are more than a mark on another one are
/// reduced as the lists of words write them.
pub(super) fn fold(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    // The marks of Japanese are a part of the letter, and Korean is put together again.
    let keeps = |character: &char| character.is_alphanumeric() || matches!(character, '\u{3099}' | '\u{309a}');
    let plain = name.nfkd().filter(keeps).nfc().flat_map(char::to_lowercase);
    let mut folded = String::with_capacity(name.len());
    for character in plain {
        match character {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ı' => folded.push('i'),
            'ħ' => folded.push('h'),
            // Left of a capital dotted I, and no letter.
            '\u{307}' => {}
            other => folded.push(other),
        }
    }
    folded
}

/// Words for the owner or the kind of a value. They may be left out where the rest of the name has a meaning.
const QUALIFIERS: &[&str] = &[
    "employee",
    "employees",
    "emp",
    "worker",
    "workers",
    "person",
    "staff",
    "legal",
    "official",
    "current",
    "primary",
    "main",
    "business",
    "work",
    "employment",
    "mitarbeiter",
    "mitarbeiters",
    "mitarbeiterin",
    "arbeitnehmer",
    "dienstlich",
    "dienstliche",
    "geschaftlich",
    "aktuelle",
    "aktueller",
    "aktuelles",
    "salarie",
    "salaries",
    "collaborateur",
    "employe",
    "professionnel",
    "professionnelle",
    "empleado",
    "trabajador",
    "colaborador",
    "funcionario",
    "dipendente",
    "aziendale",
    "medewerker",
    "werknemer",
    "zakelijk",
    "medarbejder",
    "medarbejderens",
    "ansattes",
    "anstallds",
    "pracownika",
    "sluzbowy",
    "zamestnance",
    "pracovni",
    "the",
    "of",
    "de",
    "du",
    "des",
    "del",
    "della",
    "do",
    "da",
    "di",
    "la",
    "le",
    "der",
    "die",
    "das",
    "van",
    "het",
    "l",
    "d",
    "s",
    "text",
    "value",
];

/// The forms in which a column name is looked up, the surest first: as it is, without what is in brackets, without words that only qualify it.
pub(super) fn forms(name: &str) -> Vec<String> {
    let numbered = name.replace('#', " No ");
    let mut bare = String::with_capacity(name.len());
    let mut depth = 0_u32;
    for character in numbered.chars() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.push(character),
            _ => {}
        }
    }
    let words = words_of(&bare);
    let rest = || words.iter().filter(|word| !QUALIFIERS.contains(&word.as_str()));
    let unqualified = if rest().count() < words.len() { rest().map(String::as_str).collect() } else { String::new() };
    let mut forms = vec![fold(name), fold(&numbered), fold(&bare), unqualified];
    forms.retain(|form| !form.is_empty());
    forms.dedup();
    forms
}

/// The folded words of a name, which capital letters within it also part.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before_is_lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() || (before_is_lower && character.is_uppercase()) {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            words.last_mut().expect("one is always there").push(character);
        }
        before_is_lower = character.is_lowercase();
    }
    words.iter().map(|word| fold(word)).filter(|word| !word.is_empty()).collect()
}

/// Whether a list of words holds this one.
pub(super) fn holds(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|known| known == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_the_north_and_the_east_are_written_as_the_words_have_them() {
        for (name, folded) in [
            ("Ansættelsesdato", "ansaettelsesdato"),
            ("Fratrædelsesdato", "fratraedelsesdato"),
            ("Lønnummer", "lonnummer"),
            ("Anställningsnr.", "anstallningsnr"),
            ("Förnamn", "fornamn"),
            ("Příjmení", "prijmeni"),
            ("Imię", "imie"),
            ("Przełożony", "przelozony"),
            ("İşe giriş tarihi", "isegiristarihi"),
            ("Straße", "strasse"),
            ("Đurđa", "durda"),
            ("Employee\nID", "employeeid"),
            ("사번", "사번"),
            ("メールアドレス", "メールアドレス"),
        ] {
            assert_eq!(fold(name), folded);
        }
    }

    #[test]
    fn no_word_means_two_things_and_each_is_written_as_it_is_compared() {
        for words in [LEFT, ACTIVE, YES, NO].into_iter().chain(WORDS.iter().map(|(_, words)| *words)) {
            for word in words.split_whitespace() {
                assert_eq!(fold(word), word);
            }
        }
        for word in ACTIVE.split_whitespace() {
            assert!(!holds(LEFT, word), "{word} means gone and working");
        }
    }
}
