//! The state folder: a night that finds nothing to do leaves the people as they are, and a folder of the version before goes on.

use rusqlite::Connection;

use crate::world::World;

const MAPPING: &str = r#"
version = 1
name = "hr"
[source]
key = "[EmployeeID]"
time_zone = "UTC"
[[match]]
target = "employeeId"
[attributes]
employeeId = "[EmployeeID]"
displayName = "[Name]"
department = "[Department]"
userPrincipalName = { when = "create", expression = 'Join("@", [EmployeeID], DefaultDomain())' }
[manager]
key = "[Manager]"
"#;

/// From here on nothing may touch a person.
const SEAL: &str = "
create trigger people_insert before insert on people begin select raise(abort, 'a person was touched'); end;
create trigger people_update before update on people begin select raise(abort, 'a person was touched'); end;
create trigger people_delete before delete on people begin select raise(abort, 'a person was touched'); end;
create trigger wanted_insert before insert on wanted begin select raise(abort, 'a person was touched'); end;
create trigger wanted_update before update on wanted begin select raise(abort, 'a person was touched'); end;
create trigger addresses_insert before insert on live_addresses begin select raise(abort, 'a person was touched'); end;
create trigger addresses_update before update on live_addresses begin select raise(abort, 'a person was touched'); end;";

fn export(world: &World, people: u32, department: &str) {
    let person = |number: u32| {
        let manager = if number == 0 { String::new() } else { format!("{:04}", number / 9) };
        format!("{number:04},Person {number},{},{manager}\n", if number == 7 { department } else { "Sales" })
    };
    let rows: String = (0..people).map(person).collect();
    world.write("hr.csv", format!("EmployeeID,Name,Department,Manager\n{rows}"));
}

#[test]
fn a_night_with_nothing_to_do_touches_no_person() {
    let world = World::new();
    world.write("map.toml", MAPPING);
    export(&world, 60, "Sales");
    let night = || world.run(["import", "hr.csv", "--mapping", "map.toml", "--yes", "--format", "json"]);
    assert_eq!(night().ends_with(0).json()["applied"], 60);
    // The addresses of the new people are seen for the first time.
    assert_eq!(night().ends_with(0).json()["applied"], 0);
    Connection::open(world.path(".hrpush/state.db")).unwrap().execute_batch(SEAL).unwrap();
    for _ in 0..2 {
        assert_eq!(night().ends_with(0).json()["applied"], 0);
    }
    let runs = world.run(["runs", "--format", "json"]).ends_with(0).json();
    let ended: Vec<&str> = runs.as_array().unwrap().iter().map(|run| run["ended"].as_str().unwrap()).collect();
    assert_eq!(ended, ["nothing-to-do", "nothing-to-do", "nothing-to-do", "done"]);
    // One person moves, and the seal breaks.
    export(&world, 60, "Growth");
    assert!(night().ends_with(1).err.contains("a person was touched"));
}
