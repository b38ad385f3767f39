//! The functions of outbound provisioning, which hrpush recognises and refuses.

use crate::expr::function::{Function, Implementation, Kind, Param, function, required};

const SOURCE: &[Param] = &[required("source", Kind::Any)];

pub(super) static ROWS: &[Function] = &[
    refused("SingleAppRoleAssignment([appRoleAssignments])"),
    refused("AppRoleAssignments([appRoleAssignments])"),
    refused("AppRoleAssignmentsComplex([appRoleAssignments])"),
    refused("AssertiveAppRoleAssignmentsComplex([appRoleAssignments])"),
];

const fn refused(usage: &'static str) -> Function {
    let reason = "app role functions read the role assignments of an Entra app, which no HR source has";
    function(usage, SOURCE, Kind::Any, Implementation::Refused(reason), "Outbound only: recognised and refused.")
}
