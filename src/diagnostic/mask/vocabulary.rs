//! Words that the documentation of the files uses: such a word is no secret, wherever it is written.

use super::super::suggest::nearest;

/// The keys and tables of hrpush.toml, of a mapping and of its test file.
pub(super) const KEYS: &str = "\
    tenant id cloud size auth method client_id client_id_env client_id_file secret_env secret_file secret_command certificate certificate_file token_env \
    token_file token_command secret password token user user_env user_file password_env password_file password_command fixed_password header scheme base64 key_env \
    key_file token_url send fields expires issuer subject audience assertion_env assertion_file key_password_env key_password_file key_password_command \
    source kind path mapping delimiter encoding skip_lines skip_footer member max_mb sheet done_file min_age join key other_key prefix \
    rows from until dates nothing primary column values highest after move repeated known_hosts host_key endpoint region access_key_id \
    account driver url query query_file timeout binary name socket tls ca_file protect users groups guard feed disable enable delete \
    create update clear identity removeMembers held missing share count leavers week plan max_age journal approval valid signers people names reuse_after deliver recipient \
    quota scale preset about base_url headers secret_headers client_certificate env file session also pick columns zone changes \
    false_is_nothing attempts first_wait longest_wait per_minute concurrency max_pages max_megabytes page_size records format body form \
    paging total total_pages total_header pages_header more end slack ignore start next set unless on take required at by to date prefer \
    sequence overlap full_every optional flag words version match target scope all attribute operator value attributes expression \
    constant default on_empty when manager lifecycle status left active create_before on_leave delete_after on_missing out_of_scope \
    reenable states owners membership time_zone previous_key assertion pem guests notify webhook webhook_env \
    webhook_file webhook_command mail server password_command heartbeat_env heartbeat_file heartbeat_command command details no_end must_have case as_of default_domain record expect \
    serve listen cert behind_proxy max_body run_after metrics federation profile tried accept accept_on_delete \
    members_per_write group_key user_filters group_filters rate paths refused service_principal job calls_per_day extension null_flow";

/// Values that are one of a few fixed words, and the names of common parts of an address.
const VALUES: &str = "\
    true false off on csv xlsx rest sql scim http https sftp s3 az gs localhost global us-gov us-gov-dod china small medium large \
    client-secret client-certificate managed-identity workload-identity azure-cli access-token none basic bearer client-credentials \
    login saml-bearer jwt-bearer discard tap wait go keep move say refuse verify postgres mysql sqlite mssql postgresql mariadb sqlserver \
    page offset cursor link iso day blank epoch-s epoch-ms json xml ndjson get post one first many hex utf-8 tab always own report \
    on-start on-create security microsoft365 exact add-only revoke-sessions remove-from-managed-groups remove-licenses clear-manager \
    api apis oauth oauth2 token auth connect login employees employee people persons person personnel users workers worker staff hr hrm \
    hris hcm services service odata public public-api company companies reports report custom customreport2 graph data export exports \
    beta me realms protocol openid-connect sap opu ccx rest-api restapi connectors adp-workforce-now employment-details person-details \
    contact-details job-details terminated-employees search search_read resource resources scim index pim branch country division \
    getrecords hcmrestapi profitrestservices common organizations teams slack counts names starttls implicit patch put removes deactivates recoverable stopped failed leaver changed v1.0 com org net example contoso";

/// Whether a word is one of the documented ones.
pub(super) fn is_known(word: &str) -> bool {
    let is = |known: &str| known.eq_ignore_ascii_case(word);
    KEYS.split(' ').any(is) || VALUES.split(' ').any(is)
}

/// Whether a word is a documented one, perhaps misspelled.
pub(super) fn is_nearly_known(word: &str) -> bool {
    is_known(word) || (word.chars().count() > 3 && nearest(word, KEYS.split(' ')).is_some())
}

/// Whether a name can be shown: a documented one, also misspelled, or one of letters such as a person gives a table. A password of letters
/// and digits cannot.
pub(crate) fn is_plain_name(name: &str) -> bool {
    if is_nearly_known(name) || name.is_empty() {
        return true;
    }
    let separator = |character: char| matches!(character, '_' | '-' | ' ' | '.');
    let stem = name.trim_end_matches(|character: char| character.is_ascii_digit());
    // A number behind a name, as in `extensionAttribute15`.
    let numbered = name.len() - stem.len() <= 2;
    let runs = stem.split(separator);
    let longest = |run: &str| if run.chars().any(char::is_lowercase) && run.chars().any(char::is_uppercase) { 40 } else { 24 };
    numbered && runs.into_iter().all(|run| run.chars().all(char::is_alphabetic) && run.chars().count() < longest(run))
}

/// Whether a part of an address can be shown: a documented word, a version such as `v2`, a short number or a named part in braces.
pub(super) fn is_plain_part(part: &str) -> bool {
    let version = |text: &str| text.len() <= 5 && !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let named = part.strip_prefix('{').and_then(|inner| inner.strip_suffix('}'));
    part.is_empty()
        || is_known(part)
        || version(part.strip_prefix(['v', 'V']).unwrap_or(part))
        || named.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
}

/// Whether a word looks like a token: long, with a letter behind a digit, and no id.
pub(super) fn is_token_like(word: &str) -> bool {
    let mut digit = false;
    let mixed = word.chars().any(|character| {
        digit |= character.is_ascii_digit();
        digit && character.is_ascii_alphabetic()
    });
    mixed && word.chars().count() >= 8 && uuid::Uuid::try_parse(word).is_err() && !is_known(word)
}
