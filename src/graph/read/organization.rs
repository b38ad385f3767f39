//! The organization and the role assignments of the tenant.

use serde_json::Value as Json;

use super::Reader;
use super::parse::Organization;
use super::queries::ReadRequest;
use crate::directory::{ObjectId, Privileged, TenantId};
use crate::graph::http::batch::{BatchItem, Reply};
use crate::graph::http::error::GraphError;

impl Reader {
    pub(in crate::graph) async fn parse_organization(&self, ask: &ReadRequest, reply: Reply) -> Result<Organization, GraphError> {
        if !reply.is_success() {
            return Err(ask.refused(&reply));
        }
        let body = reply.json().unwrap_or_default();
        let organization = &body["value"][0];
        let Some(tenant) = organization["id"].as_str() else {
            return Err(ask.answer("the answer names no tenant".into()));
        };
        let tenant = TenantId(tenant.to_owned());
        let listed;
        let (domains, name) = match organization["verifiedDomains"].as_array() {
            Some(domains) if !domains.is_empty() => (domains, "name"),
            _ => {
                let request = BatchItem::get("/domains");
                listed = self.list(&ReadRequest { what: "read the domains", request, permission: "Domain.Read.All" }).await?;
                (&listed, "id")
            }
        };
        let verified = |domain: &&Json| domain["isVerified"].as_bool() != Some(false);
        let text = |domain: &Json| domain[name].as_str().map(str::to_lowercase);
        // `type` of the organization's domains, `authenticationType` of the domains themselves.
        let is_federated = |domain: &&Json| {
            let kinds = [&domain["type"], &domain["authenticationType"]];
            kinds.iter().filter_map(|kind| kind.as_str()).any(|kind| kind.eq_ignore_ascii_case("Federated"))
        };
        let default = domains.iter().find(|domain| domain["isDefault"].as_bool() == Some(true));
        Ok(Organization {
            tenant,
            domains: domains.iter().filter(verified).filter_map(text).collect(),
            default_domain: default.and_then(text),
            federated_domains: domains.iter().filter(verified).filter(is_federated).filter_map(text).collect(),
        })
    }

    pub(in crate::graph) async fn roles(
        &self,
        ask: &ReadRequest,
        reply: Reply,
        privileged: &mut Privileged,
    ) -> Result<(), GraphError> {
        // Graph itself answers 400 where a segment of the path is unknown.
        let unknown =
            matches!(reply.status, 404 | 405 | 501) || (reply.status == 400 && reply.body.contains("not found for the segment"));
        if self.client.base().is_loopback() && unknown {
            // A plain stand-in for Graph on this machine has no roles.
            return Ok(());
        }
        self.each(ask, reply, |item| {
            note(privileged, item, "holds a directory role");
            Ok(())
        })
        .await
        .map(drop)
    }

    pub(in crate::graph) async fn eligible(
        &self,
        ask: &ReadRequest,
        reply: Reply,
        privileged: &mut Privileged,
    ) -> Result<(), GraphError> {
        let mut found = Privileged::default();
        let taken = self.each(ask, reply, |item| {
            note(&mut found, item, "is eligible for a directory role");
            Ok(())
        });
        // Without the licence that eligible roles come with, the tenant refuses.
        if let Err(error) = taken.await {
            let GraphError::Refused { .. } = error else { return Err(error) };
            privileged.eligibility_unread = Some(error.to_string());
        }
        for (id, why) in found.principals {
            privileged.principals.entry(id).or_insert(why);
        }
        Ok(())
    }
}

fn note(privileged: &mut Privileged, item: &Json, why: &str) {
    if let Some(id) = item["principalId"].as_str().and_then(ObjectId::new) {
        privileged.principals.entry(id).or_insert_with(|| why.to_owned());
    }
}
