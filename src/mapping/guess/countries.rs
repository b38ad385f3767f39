//! The names of countries in the languages of HR files, for a ready translation to the codes that licences need.

use super::vocabulary::fold;

/// The code of a country by its name or its code of three letters.
pub(super) fn code(value: &str) -> Option<&'static str> {
    let folded = fold(value);
    if folded.is_empty() {
        return None;
    }
    COUNTRIES.iter().find_map(|line| {
        let (code, names) = line.split_once(' ')?;
        let is_code = folded.eq_ignore_ascii_case(code);
        (is_code || names.split(' ').any(|name| name == folded)).then_some(code)
    })
}

/// A code of ISO 3166, then the folded names.
const COUNTRIES: &[&str] = &[
    "AT aut austria osterreich autriche oostenrijk osterrike ostrig osterrike rakousko itavalta avusturya ausztria",
    "AU aus australia australien australie australie avustralya",
    "BE bel belgium belgien belgique belgica belgio belgie belgia belgicka belcika",
    "BG bgr bulgaria bulgarien bulgarie bulharsko bulgarije bulgaristan bulgarien",
    "BR bra brazil brasilien bresil brasil brasile brazilie brasilia brazylia brazilie brezilya",
    "CA can canada kanada",
    "CH che switzerland schweiz suisse suiza svizzera zwitserland suica szwajcaria svycarsko sveits sveitsi isvicre svajc",
    "CN chn china chine cina kina chiny cina kiina cin volksrepublikchina",
    "CZ cze czechrepublic czechia tschechien tschechischerepublik republiquetcheque tchequie chequia republicacheca repubblicaceca tsjechie tjeckien tjekkiet tsjekkia czechy ceskarepublika cesko tsekki cekya",
    "DE deu germany deutschland allemagne alemania germania duitsland alemanha tyskland niemcy nemecko saksa almanya nemetorszag bundesrepublikdeutschland brd",
    "DK dnk denmark danemark danemark dinamarca danimarca denemarken danmark dania dansko tanska danimarka dania",
    "EE est estonia estland estonie estonia viro",
    "ES esp spain spanien espagne espana spagna spanje espanha spania hiszpania spanelsko espanja ispanya",
    "FI fin finland finnland finlande finlandia finlandie suomi finsko finlandiya",
    "FR fra france frankreich francia frankrijk franca frankrike frankrig francja francie ranska fransa franciaorszag",
    "GB gbr uk unitedkingdom greatbritain england vereinigteskonigreich grossbritannien royaumeuni grandebretagne reinounido granbretana regnounito granbretagna verenigdkoninkrijk grootbrittannie storbritannien storbritannia wielkabrytania velkabritanie spojenekralovstvi isobritannia yhdistynytkuningaskunta birlesikkrallik ingiltere scotland wales northernireland",
    "GR grc greece griechenland grece grecia griekenland grekland grakenland graekenland hellas recko kreikka yunanistan grecja",
    "HR hrv croatia kroatien croatie croacia croazia kroatie kroatia chorwacja chorvatsko hrvatska",
    "HU hun hungary ungarn hongrie hungria ungheria hongarije ungern wegry madarsko unkari macaristan magyarorszag",
    "IE irl ireland irland irlande irlanda ierland irlandia irsko irlanti republicofireland",
    "IN ind india indien inde india indie intia hindistan",
    "IT ita italy italien italie italia italie wlochy italya olaszorszag",
    "JP jpn japan japon giappone japao japonia japonsko japani japonya 日本",
    "LT ltu lithuania litauen lituanie lituania litouwen litwa litva liettua",
    "LU lux luxembourg luxemburg luxemburgo lussemburgo luksemburg lucembursko",
    "LV lva latvia lettland lettonie letonia lettonia letland lotwa lotyssko latvia",
    "MX mex mexico mexiko mexique messico mexiko meksyk meksika",
    "NL nld netherlands thenetherlands niederlande paysbas paisesbajos paesibassi nederland paisesbaixos nederlanderna nederlandene holandia nizozemsko alankomaat hollanda holland hollande olanda",
    "NO nor norway norwegen norvege noruega norvegia noorwegen norge norwegia norsko norja norvec",
    "PL pol poland polen pologne polonia polonia polsko polska puola polonya lengyelorszag",
    "PT prt portugal portogallo portugalia portugalsko portugali portekiz",
    "RO rou romania rumanien roumanie rumania roemenie romenia rumaenien rumunia rumunsko romania romanya",
    "RS srb serbia serbien serbie servie srbsko srbija sirbistan",
    "SE swe sweden schweden suede suecia svezia zweden sverige szwecja svedsko ruotsi isvec",
    "SG sgp singapore singapur singapour",
    "SI svn slovenia slowenien slovenie eslovenia slovenien slowenia slovinsko slovenija",
    "SK svk slovakia slowakei slovaquie eslovaquia slovacchia slowakije slovakien slowacja slovensko slovakia",
    "TR tur turkey turkei turquie turquia turchia turkije turkiet tyrkiet tyrkia turcja turecko turkki turkiye",
    "UA ukr ukraine ucrania ucraina oekraine ukraina ukrajina",
    "US usa us unitedstates unitedstatesofamerica vereinigtestaaten vereinigtestaatenvonamerika etatsunis estadosunidos statiuniti verenigdestaten forentastaterna stanyzjednoczone spojenestaty yhdysvallat amerikabirlesikdevletleri abd",
    "ZA zaf southafrica sudafrika afriquedusud sudafrica zuidafrika africadosul",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_known_by_their_names_in_the_languages_of_hr_files() {
        for (name, wanted) in [
            ("Deutschland", "DE"),
            ("Österreich", "AT"),
            ("Česká republika", "CZ"),
            ("États-Unis", "US"),
            ("Türkiye", "TR"),
            ("United Kingdom", "GB"),
            ("the Netherlands", "NL"),
            ("DEU", "DE"),
            ("ch", "CH"),
        ] {
            assert_eq!(code(name), Some(wanted), "{name}");
        }
        for name in ["", "Atlantis", "D"] {
            assert_eq!(code(name), None, "{name}");
        }
    }

    #[test]
    fn no_name_means_two_countries_and_each_is_written_as_it_is_compared() {
        let mut met = std::collections::BTreeMap::new();
        for line in COUNTRIES {
            let (code, names) = line.split_once(' ').unwrap();
            for name in names.split(' ') {
                assert_eq!(fold(name), name);
                assert_eq!(*met.entry(name).or_insert(code), code, "{name}");
            }
        }
    }
}
