//! The arguments of serve and sandbox.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::commands::examples;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Serve {
    /// The address to listen on, instead of the one in [serve]; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Write the port to this file once the server listens
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<ServeCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ServeCommand {
    /// Make, list and revoke the tokens of senders
    #[command(subcommand, after_help = examples::SERVE_TOKEN)]
    Token(Token),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token for a feed and print it; it is shown this once
    #[command(after_help = examples::SERVE_TOKEN_NEW)]
    New {
        /// The feed that the token pushes to: the `name` of the configured mapping
        #[arg(long, value_name = "NAME")]
        feed: String,
        /// Let the token end after this time, such as 180d [default: it ends when it is revoked]
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
    },
    /// List the tokens with their last use
    #[command(after_help = examples::SERVE_TOKEN_LIST)]
    List,
    /// End a token at once
    #[command(after_help = examples::SERVE_TOKEN_REVOKE)]
    Revoke {
        /// The id of the token, as `list` shows it
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    /// The loopback address to listen on; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(crate) listen: SocketAddr,
    /// Write the port to this file once the sandbox listens
    #[arg(long, value_name = "FILE")]
    pub(crate) port_file: Option<PathBuf>,
    /// Keep the tenant in this file [default: in memory]
    #[arg(long, value_name = "FILE")]
    pub(crate) db: Option<PathBuf>,
    /// Fill an empty tenant from this JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// Run the quota this many times faster than Graph's
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub(crate) quota_scale: f64,
    /// How the quota is counted: bucket, window or off
    #[arg(long, value_name = "KIND", default_value = "bucket")]
    pub(crate) quota_kind: String,
    /// Faults to inject, such as `503=0.05,reset-after@7,seed=7`: name=rate, or name@n for the n-th occasion
    ///
    /// 429, 500, 502, 503, 504, slow (for slow-ms=2000), truncate, reset-before and reset-after (the commit), half-batch, duplicate-page,
    /// expired-delta (400), reset-delta (410), foreign-link, halt-before and halt-after (the tenant stops answering);
    /// refuse=mobilePhone:403[:silent][:USER] refuses a property of users; seed=N changes the random sequence.
    #[arg(long, value_name = "LIST")]
    pub(crate) faults: Option<String>,
    /// The replica lag, during which new objects are not found and delta has no changes: `3` requests, `500ms` or `2s`
    #[arg(long, value_name = "LAG")]
    pub(crate) lag: Option<String>,
    /// Start the tenant's clock ahead, such as `40d` or `12h`, or behind, such as `-3h`. Tokens and deleted items age
    /// accordingly, and hrpush refuses to run if its clock differs by more than two hours
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) clock: Option<String>,
    /// Write a line for each request to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) request_log: Option<PathBuf>,
    /// The Graph permissions of the calling app, such as `User.ReadWrite.All,Group.Read.All` [default: all that hrpush asks for]
    ///
    /// They are those of a token that is any text. A token that is a JWT has the permissions that it lists.
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) roles: Option<Vec<String>>,
    /// The directory roles of the calling app: without `User Administrator` it resets no passwords
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(crate) directory_roles: Vec<String>,
    /// The points on which Microsoft's sources disagree and that are read leniently: hire-date, null-collections, deleted-names,
    /// delta-410, select-undefined; and token-roles
    ///
    /// The strict reading is: an app cannot update employeeHireDate (403); null clears no collection (400); the name of a deleted user gets
    /// its id as a prefix; a delta token of seven days answers 400 syncStateNotFound; $select of an undefined extension answers 400.
    /// With token-roles, a token that is a JWT without `roles` and `scp` has the permissions of --roles; without it, it has none.
    #[arg(long, value_name = "LIST")]
    pub(crate) lenient: Option<String>,
    /// The root of all links, such as `https://graph.example.com/v1.0` [default: the host of each request]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// Serve https with this certificate chain in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The private key of the certificate in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
}
