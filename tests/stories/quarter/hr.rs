//! The company as HR knows it: people, what happens to them from day to day, and the export of each night.

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

/// Random numbers that are the same on every machine (xorshift64*).
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `limit`.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let mixed = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(mixed).unwrap() % limit
    }

    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    fn days(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below(usize::try_from(to - from + 1).unwrap())).unwrap()
    }
}

/// A value that no rule can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bad {
    Country,
    Start,
    UnknownStatus,
    NoStatus,
}

/// How the export shows a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Row {
    Once,
    Twice,
    Absent,
    Damaged(Bad),
}

#[derive(Clone, Debug)]
pub(super) struct Person {
    pub(super) key: String,
    /// The key before a conversion.
    pub(super) former: Option<String>,
    pub(super) given: String,
    pub(super) surname: String,
    pub(super) mail: String,
    pub(super) unit: usize,
    pub(super) title: Option<String>,
    pub(super) mobile: Option<String>,
    pub(super) country: &'static str,
    /// By position in the company.
    pub(super) manager: Option<usize>,
    pub(super) start: Date,
    pub(super) end: Option<Date>,
    pub(super) terminated: bool,
    pub(super) row: Row,
    /// The first day on which HR may change this person again.
    free_on: Date,
    /// After a conversion: the row of the former key stands until then, as a terminated one.
    former_row_until: Option<Date>,
    /// After a conversion: manager cells show the former key until then.
    former_cells_until: Option<Date>,
    /// Another person has the same names.
    namesake: bool,
}

impl Person {
    fn has_left(&self, today: Date) -> bool {
        self.terminated || self.end.is_some_and(|end| end < today && (end >= self.start || today < self.start))
    }

    fn works(&self, today: Date) -> bool {
        !self.terminated && self.end.is_none() && self.start <= today
    }
}

pub(super) const UNITS: usize = 12;
const DELETED_AFTER: i64 = 30;

const GIVEN: [&str; 24] = [
    "Ada", "Bruno", "Clara", "Dario", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Luca", "Mira", "Nils", "Olga",
    "Paul", "Rosa", "Sami", "Tara", "Ugo", "Vera", "Willem", "Yara", "Zoran",
];
const SURNAMES: [&str; 20] = [
    "Adler",
    "Bianchi",
    "Castro",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ivanov",
    "Jansen",
    "Keller",
    "Lindqvist",
    "Moreau",
    "Novak",
    "Okafor",
    "Petrov",
    "Rossi",
    "Silva",
    "Tanaka",
    "Weber",
];

pub(super) const HEADER: &str = "ID,Former,First,Last,Mail,Department,Unit,Title,Mobile,Country,Manager,Start,End,Status\n";

/// The company, and the day that HR has.
pub(super) struct Company {
    pub(super) people: Vec<Person>,
    pub(super) departments: Vec<String>,
    pub(super) today: Date,
    /// What happened since the last export, for the message of a failure.
    pub(super) events: Vec<String>,
    draw: Draw,
    heads: Vec<usize>,
    /// People to be given another manager: from, to, and on which day.
    handovers: Vec<(usize, usize, Date)>,
    mends: Vec<(usize, Date)>,
    first_day: Date,
    /// Tonight's export has a row without a key.
    pub(super) keyless: bool,
    /// `on_missing = "disable"`.
    pub(super) disables_missing: bool,
}

impl Company {
    /// A company on the eve of its first night.
    pub(super) fn founded(size: usize, seed: u64, first_day: Date) -> Self {
        let mut company = Self {
            people: Vec::new(),
            departments: (0..UNITS).map(|unit| format!("Department {unit}")).collect(),
            today: first_day,
            events: Vec::new(),
            draw: Draw::new(seed),
            heads: (1..=UNITS).collect(),
            handovers: Vec::new(),
            mends: Vec::new(),
            first_day,
            keyless: false,
            disables_missing: seed.is_multiple_of(2),
        };
        for at in 0..size {
            let start = first_day.saturating_sub(company.draw.days(100, 4_000).days());
            company.add(start);
            let person = &mut company.people[at];
            person.manager = match at {
                0 => None,
                1..=UNITS => Some(0),
                _ => Some(1 + person.unit),
            };
            // Some left before the first night, and some are known to leave in the next weeks.
            if at > UNITS && company.draw.percent(4) {
                let end = first_day.saturating_add(company.draw.days(-30, 20).days());
                company.people[at].end = Some(end);
            }
        }
        company
    }

    fn add(&mut self, start: Date) -> usize {
        let at = self.people.len();
        let unit = if (1..=UNITS).contains(&at) { at - 1 } else { self.draw.below(UNITS) };
        let (given, surname) = (GIVEN[self.draw.below(GIVEN.len())], SURNAMES[self.draw.below(SURNAMES.len())]);
        // Few are namesakes.
        let surname = if self.draw.percent(3) { surname.to_owned() } else { format!("{surname}{at}") };
        let same = |person: &Person| person.given == given && person.surname == surname;
        let namesake = self.people.iter().any(same);
        for person in self.people.iter_mut().filter(|person| person.given == given && person.surname == surname) {
            person.namesake = true;
        }
        self.people.push(Person {
            key: format!("{:05}", 10_000 + at),
            former: None,
            given: given.into(),
            surname,
            mail: format!("p{at}@mail.contoso.com"),
            unit,
            title: Some(format!("Role {}", self.draw.below(30))),
            mobile: self.draw.percent(60).then(|| format!("+43 664 {at:07}")),
            country: ["AT", "DE", "CH"][self.draw.below(3)],
            manager: Some(self.heads[unit]),
            start,
            end: None,
            terminated: false,
            row: Row::Once,
            free_on: self.today,
            former_row_until: None,
            former_cells_until: None,
            namesake,
        });
        at
    }

    /// The next day: HR works on it, except at weekends.
    pub(super) fn next_day(&mut self) {
        self.events.clear();
        self.today = self.today.tomorrow().unwrap();
        self.mend();
        self.hand_over();
        self.keyless = self.draw.percent(6);
        if self.keyless {
            self.events.push("a row has no key".into());
        }
        if matches!(self.today.weekday(), Weekday::Saturday | Weekday::Sunday) {
            return;
        }
        self.joins();
        self.moves();
        self.leaves();
        self.returns();
        self.converts();
        self.damages();
        self.reorganises();
    }

    pub(super) fn day_number(&self) -> i64 {
        i64::from((self.today - self.first_day).get_days())
    }

    fn note(&mut self, at: usize, what: &str) {
        self.events.push(format!("{} {what}", self.people[at].key));
    }

    /// A person without recent events that fits this condition.
    fn pick(&mut self, suits: impl Fn(usize, &Person) -> bool) -> Option<usize> {
        let (today, heads) = (self.today, self.heads.clone());
        let fits = |at: usize, person: &Person| {
            at != 0 && !heads.contains(&at) && person.free_on <= today && person.row == Row::Once && suits(at, person)
        };
        let fitting: Vec<usize> = (0..self.people.len()).filter(|at| fits(*at, &self.people[*at])).collect();
        (!fitting.is_empty()).then(|| fitting[self.draw.below(fitting.len())])
    }

    fn pick_worker(&mut self) -> Option<usize> {
        let today = self.today;
        self.pick(|_, person| person.works(today))
    }

    fn joins(&mut self) {
        for _ in 0..self.draw.below(3) {
            let start = self.today.saturating_add(self.draw.days(-3, 25).days());
            let at = self.add(start);
            self.people[at].free_on = start.max(self.today).saturating_add(2.days());
            self.note(at, "joins");
        }
        // A joiner that never turns up.
        let today = self.today;
        if self.draw.percent(5)
            && let Some(at) = (0..self.people.len()).find(|at| {
                let person = &self.people[*at];
                person.start > today
                    && person.end.is_none()
                    && !person.terminated
                    && person.row == Row::Once
                    && person.former.is_none()
            })
        {
            self.people[at].terminated = true;
            self.people[at].free_on = today.saturating_add(400.days());
            self.note(at, "does not turn up");
        }
    }

    fn moves(&mut self) {
        for _ in 0..self.draw.below(3) {
            if let Some(at) = self.pick_worker() {
                let unit = self.draw.below(UNITS);
                let title = format!("Role {}", self.draw.below(30));
                let person = &mut self.people[at];
                (person.unit, person.manager, person.title) = (unit, Some(self.heads[unit]), Some(title));
                self.note(at, "moves");
            }
        }
        for _ in 0..self.draw.below(3) {
            if let Some(at) = self.pick_worker() {
                match self.draw.below(4) {
                    0 => self.people[at].title = None,
                    1 => self.people[at].mobile = None,
                    2 => self.people[at].mobile = Some(format!("+43 660 {:07}", self.draw.below(1_000_000))),
                    _ => self.people[at].country = ["AT", "DE", "CH", "IT"][self.draw.below(4)],
                }
                self.note(at, "has other details");
            }
        }
        if self.draw.percent(25)
            && let Some(at) = self.pick_worker()
        {
            let surname = format!("{}-{}", self.people[at].surname, SURNAMES[self.draw.below(SURNAMES.len())]);
            let person = &mut self.people[at];
            person.surname = surname;
            person.mail = format!("p{at}.{}@mail.contoso.com", person.surname.to_lowercase());
            self.note(at, "marries");
        }
    }

    fn leaves(&mut self) {
        if self.draw.percent(60)
            && let Some(at) = self.pick_worker()
        {
            let end = self.today.saturating_add(self.draw.days(-1, 20).days());
            self.people[at].end = Some(end);
            self.people[at].free_on = end.max(self.today).saturating_add(2.days());
            self.note(at, "leaves by date");
        }
        if self.draw.percent(40)
            && let Some(at) = self.pick_worker()
        {
            let end = self.draw.days(-2, 6);
            let person = &mut self.people[at];
            person.terminated = true;
            person.end = self.draw.percent(60).then(|| self.today.saturating_add(end.days()));
            person.free_on = self.today.saturating_add(3.days());
            self.note(at, "leaves by status");
        }
        if self.draw.percent(4) {
            self.head_leaves();
        }
    }

    /// The head of a unit leaves; some days later the others have a new manager.
    fn head_leaves(&mut self) {
        let (unit, today) = (self.draw.below(UNITS), self.today);
        let old = self.heads[unit];
        if self.people[old].row != Row::Once || self.people[old].free_on > today {
            return;
        }
        let Some(new) = self.pick(|_, person| person.unit == unit && person.works(today)) else { return };
        self.people[old].terminated = true;
        self.people[old].free_on = today.saturating_add(20.days());
        self.people[new].free_on = today.saturating_add(12.days());
        self.heads[unit] = new;
        let day = today.saturating_add(self.draw.days(0, 7).days());
        self.handovers.push((old, new, day));
        self.note(old, "leaves as a head");
    }

    fn hand_over(&mut self) {
        let today = self.today;
        let due: Vec<(usize, usize, Date)> = self.handovers.iter().copied().filter(|(_, _, day)| *day <= today).collect();
        self.handovers.retain(|(_, _, day)| *day > today);
        for (old, new, _) in due {
            for person in self.people.iter_mut().filter(|person| person.manager == Some(old)) {
                person.manager = Some(new);
            }
            self.people[new].manager = Some(0);
            self.note(new, "is a head now");
        }
    }

    fn returns(&mut self) {
        if !self.draw.percent(30) {
            return;
        }
        let today = self.today;
        let Some(at) = self.pick(|_, person| person.has_left(today)) else { return };
        if self.draw.percent(50) {
            self.people[at].unit = self.draw.below(UNITS);
        }
        let head = self.heads[self.people[at].unit];
        let start = today.saturating_add(self.draw.days(0, 18).days());
        let (keeps_end, person) = (self.draw.percent(50), &mut self.people[at]);
        // An end that stays in the cell must lie before the new start, and the account must not expire in between.
        let near = |end: Date| end < today && start < end.saturating_add((DELETED_AFTER - 1).days());
        if !(keeps_end && person.end.is_some_and(near)) {
            person.end = None;
        }
        (person.start, person.terminated, person.manager) = (start, false, Some(head));
        person.free_on = start.saturating_add(2.days());
        self.note(at, "returns");
    }

    fn converts(&mut self) {
        if !self.draw.percent(12) {
            return;
        }
        let Some(at) =
            self.pick(|_, person| person.former.is_none() && !person.namesake && person.end.is_none() && !person.terminated)
        else {
            return;
        };
        let (row, cells) = (self.draw.days(-5, 9), self.draw.days(-2, 4));
        let day = |days: i64| (days > 0).then(|| self.today.saturating_add(days.days()));
        let (former_row_until, former_cells_until) = (day(row), day(cells));
        let person = &mut self.people[at];
        // Before the first working day the former key may have no account, so there is nothing to convert.
        if person.start > self.today {
            return;
        }
        let key = format!("C{}", person.key);
        person.former = Some(std::mem::replace(&mut person.key, key));
        (person.former_row_until, person.former_cells_until) = (former_row_until, former_cells_until);
        person.free_on = self.today.saturating_add(12.days());
        self.note(at, "is converted");
    }

    fn damages(&mut self) {
        for _ in 0..self.draw.below(3) {
            let Some(at) = self.pick(|_, person| !person.namesake) else { return };
            let row = match self.draw.below(7) {
                0 => Row::Twice,
                1 | 2 => Row::Absent,
                3 => Row::Damaged(Bad::Country),
                4 => Row::Damaged(Bad::Start),
                5 => Row::Damaged(Bad::UnknownStatus),
                _ => Row::Damaged(Bad::NoStatus),
            };
            let day = self.today.saturating_add(self.draw.days(1, 4).days());
            self.people[at].row = row;
            self.mends.push((at, day));
            self.note(at, &format!("is shown as {row:?}"));
        }
    }

    fn mend(&mut self) {
        let today = self.today;
        for (at, _) in self.mends.iter().filter(|(_, day)| *day <= today) {
            self.people[*at].row = Row::Once;
            self.people[*at].free_on = today.saturating_add(1.days());
        }
        self.mends.retain(|(_, day)| *day > today);
    }

    /// Departments get other names: once fewer people than the guard `update` lets through, once more.
    fn reorganises(&mut self) {
        let renamed = match self.day_number() {
            11 => 0..3,
            32 => 3..UNITS,
            _ => return,
        };
        for unit in renamed {
            self.departments[unit] = format!("Division {unit}");
        }
        self.events.push("a reorganisation".into());
    }

    /// The export of this night.
    pub(super) fn export(&self) -> String {
        let mut rows = vec![HEADER.to_owned()];
        for person in &self.people {
            let times = match person.row {
                Row::Absent => 0,
                Row::Twice => 2,
                Row::Once | Row::Damaged(_) => 1,
            };
            rows.extend(std::iter::repeat_n(self.row(person), times));
            if let (Some(former), Some(day)) = (&person.former, person.former_row_until)
                && self.today < day
            {
                let before = Person { key: former.clone(), former: None, terminated: true, row: Row::Once, ..person.clone() };
                rows.push(self.row(&before));
            }
        }
        if self.keyless {
            rows.push(",,Nobody,Known,,,,,,AT,,2020-01-01,,Active\n".into());
        }
        rows.concat()
    }

    fn row(&self, person: &Person) -> String {
        let manager = person.manager.map(|at| &self.people[at]).map_or("", |manager| match manager.former_cells_until {
            Some(day) if self.today < day => manager.former.as_deref().unwrap(),
            _ => &manager.key,
        });
        let is = |bad| person.row == Row::Damaged(bad);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let start = if is(Bad::Start) { "next month".to_owned() } else { person.start.to_string() };
        let status = match person.terminated {
            _ if is(Bad::UnknownStatus) => "Sabbatical",
            _ if is(Bad::NoStatus) => "",
            true => "Terminated",
            false => "Active",
        };
        let cells = [
            person.key.clone(),
            text(&person.former),
            person.given.clone(),
            person.surname.clone(),
            person.mail.clone(),
            self.departments[person.unit].clone(),
            format!("U{}", person.unit),
            text(&person.title),
            text(&person.mobile),
            if is(Bad::Country) { "Atlantis".into() } else { person.country.to_owned() },
            manager.to_owned(),
            start,
            person.end.map(|end| end.to_string()).unwrap_or_default(),
            status.to_owned(),
        ];
        cells.join(",") + "\n"
    }
}
