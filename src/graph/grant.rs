//! The block of commands that registers the app with exactly the permissions of a configuration.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::permissions::app_role_id;

/// The id of Microsoft Graph in every tenant.
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// What the block is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantTool {
    /// Azure CLI: commands of `az`.
    AzureCli,
    /// Commands of the module Microsoft.Graph.
    PowerShell,
    /// CLI for Microsoft 365, `m365`.
    Microsoft365,
    /// Terraform's provider `azuread`.
    Terraform,
}

/// The block for a tool. Each permission comes with its purpose as a comment; `needed` has both.
///
/// ```
/// use hrpush::graph::{GrantTool, grant};
///
/// let needed = [("Domain.Read.All", "knowing the domains".to_owned())].into();
/// let block = grant(GrantTool::AzureCli, &needed);
/// assert!(block.contains("dbb9058a-0e50-45d7-ae91-66909b5d4664=Role # Domain.Read.All: knowing the domains"));
/// ```
pub fn grant(tool: GrantTool, needed: &BTreeMap<&'static str, String>) -> String {
    let permissions: Vec<(&str, &str, &str)> =
        needed.iter().filter_map(|(name, purpose)| Some((*name, app_role_id(name)?, purpose.as_str()))).collect();
    match tool {
        GrantTool::AzureCli => azure_cli(&permissions),
        GrantTool::PowerShell => power_shell(&permissions),
        GrantTool::Microsoft365 => microsoft_365(&permissions),
        GrantTool::Terraform => terraform(&permissions),
    }
}

fn azure_cli(permissions: &[(&str, &str, &str)]) -> String {
    let mut text =
        "app=$(az ad app create --display-name hrpush --query appId --output tsv)\naz ad sp create --id \"$app\"\n".to_owned();
    for (name, id, purpose) in permissions {
        let _ = writeln!(
            text,
            "az ad app permission add --id \"$app\" --api {GRAPH} --api-permissions {id}=Role # {name}: {purpose}"
        );
    }
    text.push_str("az ad app permission admin-consent --id \"$app\"\n");
    text
}

fn power_shell(permissions: &[(&str, &str, &str)]) -> String {
    let mut text =
        "Connect-MgGraph -Scopes Application.ReadWrite.All, AppRoleAssignment.ReadWrite.All\n$access = @(\n".to_owned();
    for (name, id, purpose) in permissions {
        let _ = writeln!(text, "    @{{ Id = '{id}'; Type = 'Role' }} # {name}: {purpose}");
    }
    let _ = write!(
        text,
        ")\n\
         $required = @{{ ResourceAppId = '{GRAPH}'; ResourceAccess = $access }}\n\
         $app = New-MgApplication -DisplayName hrpush -RequiredResourceAccess $required\n\
         $own = New-MgServicePrincipal -AppId $app.AppId\n\
         $graph = Get-MgServicePrincipal -Filter \"appId eq '{GRAPH}'\"\n\
         foreach ($role in $access) {{\n    \
         New-MgServicePrincipalAppRoleAssignment -ServicePrincipalId $own.Id -PrincipalId $own.Id -ResourceId $graph.Id -AppRoleId $role.Id\n\
         }}\n"
    );
    text
}

fn microsoft_365(permissions: &[(&str, &str, &str)]) -> String {
    let mut text = String::new();
    for (name, _, purpose) in permissions {
        let _ = writeln!(text, "# {name}: {purpose}");
    }
    let names: Vec<String> = permissions.iter().map(|(name, ..)| format!("https://graph.microsoft.com/{name}")).collect();
    let _ =
        writeln!(text, "m365 entra app add --name hrpush --apisApplication \"{}\" --grantAdminConsent --save", names.join(","));
    text
}

fn terraform(permissions: &[(&str, &str, &str)]) -> String {
    let mut text = format!(
        "resource \"azuread_application\" \"hrpush\" {{\n  display_name = \"hrpush\"\n\n  \
         required_resource_access {{\n    resource_app_id = \"{GRAPH}\"\n"
    );
    for (name, id, purpose) in permissions {
        let _ =
            write!(text, "\n    resource_access {{ # {name}: {purpose}\n      id   = \"{id}\"\n      type = \"Role\"\n    }}\n");
    }
    text.push_str(
        "  }\n}\n\nresource \"azuread_service_principal\" \"hrpush\" {\n  client_id = azuread_application.hrpush.client_id\n}\n\n\
         # An administrator grants consent once: Entra admin center, App registrations, hrpush, API permissions.\n",
    );
    text
}
