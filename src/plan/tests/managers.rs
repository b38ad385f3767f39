use super::world::*;

fn company(managers: &[(&str, &str)]) -> World {
    let people = managers.iter().map(|(number, manager)| worker(number, "Given", &format!("Family{number}")).managed_by(manager));
    World::new(people.collect())
}

/// What the notes of a plan say of circles.
fn circles(world: &World) -> Vec<String> {
    let notes = world.survey().notes.into_iter().filter(|note| note.text().contains("HR names"));
    notes.map(|note| note.text().split(';').next().unwrap().to_owned()).collect()
}

#[test]
fn two_people_who_manage_each_other_are_written_and_named() {
    let mut world = company(&[("1", "2"), ("2", "1"), ("3", "1")]);
    assert_eq!(circles(&world), ["HR names 1 and 2 as each other's managers"]);
    world.apply();
    assert_eq!(world.user("1").manager, Some(id("id-2")));
    assert_eq!(world.user("2").manager, Some(id("id-1")));
    assert_eq!(world.text(), "");
    assert_eq!(circles(&world).len(), 1);
}

#[test]
fn longer_circles_are_named_once_whoever_leads_into_them() {
    let world = company(&[("1", "2"), ("2", "3"), ("3", "4"), ("4", "2"), ("5", "6"), ("6", "5"), ("7", "7"), ("8", "")]);
    assert_eq!(circles(&world), ["HR names a circle of managers, 2, 3, 4, 2", "HR names 5 and 6 as each other's managers"]);
}

#[test]
fn a_chain_of_managers_is_no_circle() {
    let mut world = company(&[("1", ""), ("2", "1"), ("3", "2"), ("4", "9")]);
    assert_eq!(circles(&world), [""; 0]);
    world.hr(vec![worker("1", "Ada", "A").managed_by("2"), worker("2", "Bo", "B").managed_by("1").left()]);
    assert_eq!(circles(&world), [""; 0], "a leaver's manager is not written any more");
}
