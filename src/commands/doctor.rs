//! `hrpush doctor`: configuration, credential, permissions and quota, looked at without writing anything.

use std::collections::BTreeSet;

use super::cli::{Common, Doctor, Format};
use super::exit::{Code, Ended, Failure};
use super::files::print;
use super::run::{block_on, unless_interrupted};
use super::settings;
use super::target::{self, Aim};
use crate::graph::{Priority, Wanted};
use crate::report::{self, shown};

pub(super) fn doctor(common: &Common, args: &Doctor) -> Result<Ended, Failure> {
    let settings = settings::load(common)?;
    block_on(|cancelled| async move {
        let mut store = settings.store()?;
        let aim = Aim::of_run(&settings, args.target.graph_url.as_deref())?;
        let connecting = target::connect(&settings, &mut store, &aim, Priority::Normal);
        let connection = unless_interrupted(&cancelled, connecting).await?;
        let reader = connection.reader();
        let looking = async { reader.organization().await.map_err(|fault| Failure::cannot(&fault)) };
        let organization = unless_interrupted(&cancelled, looking).await?;
        let granted = connection.client.granted().await.map_err(|fault| Failure::cannot(&fault))?;
        let everything = Wanted { manager: true, groups: true, licenses: true, ..Wanted::default() };
        let trouble = match reader.snapshot(&everything).await {
            Ok(snapshot) => {
                connection.check(&snapshot)?;
                snapshot.privileged.eligibility_unread.map(|why| format!("eligible roles cannot be read: {why}"))
            }
            Err(fault) => Some(fault.to_string()),
        };
        let level = store.level(&organization.tenant).map_err(|fault| Failure::cannot(&fault))?;
        connection.client.restore(&level);
        let writes = connection.client.level().writes;
        let config = settings.config.path.as_ref().map_or("none".to_owned(), |path| path.display().to_string());
        let text = if common.format == Format::Json {
            let document = serde_json::json!({
                "config": config, "graphUrl": connection.url, "tenantId": organization.tenant, "domains": organization.domains,
                "sandbox": connection.sandbox.is_some(), "permissions": granted, "quotaWrites": writes.floor(), "trouble": trouble,
            });
            report::json(&document).map_err(|fault| Failure::cannot(&fault))?
        } else {
            let list = |names: &BTreeSet<String>| shown(&names.iter().cloned().collect::<Vec<_>>().join(", "));
            format!(
                "configuration: {config}\ntenant: {} at {}{}\ndomains: {}\npermissions: {}\nquota: {} writes at once\n",
                shown(&organization.tenant.0),
                shown(&connection.url),
                if connection.sandbox.is_some() { " (the embedded sandbox)" } else { "" },
                list(&organization.domains),
                granted.as_ref().map_or("the token does not tell".to_owned(), list),
                writes.floor()
            )
        };
        print(&text)?;
        Ok(trouble.map_or_else(Ended::done, |line| Ended::with(Code::Attention, vec![line])))
    })
}
