//! The arguments of mapping.

use std::path::PathBuf;

use clap::Subcommand;

use crate::commands::examples;

#[derive(Debug, Subcommand)]
pub(crate) enum Mapping {
    /// Check a mapping and report every fault
    #[command(after_help = examples::MAPPING_CHECK)]
    Check {
        /// The mapping file to check
        file: PathBuf,
        /// Also report the unused and missing columns of this HR file, and how many records set, clear, leave or hold each attribute
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Run the cases in `FILE.tests.toml` and list the branches that no case reached
    #[command(after_help = examples::MAPPING_TEST)]
    Test {
        /// The mapping file with cases in `FILE.tests.toml`
        file: PathBuf,
        /// Save the present results as the expected ones; comments stay
        #[arg(long)]
        update: bool,
    },
    /// Convert an exported Entra synchronization schema into a mapping file, and list what could not be converted
    #[command(after_help = examples::MAPPING_CONVERT)]
    Convert {
        /// The schema (JSON), as downloaded from the portal or returned by Graph
        schema: PathBuf,
        /// Write the mapping file here [default: print it]
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Convert the object mapping of this name [default: the first that writes users into Entra]
        #[arg(long, value_name = "NAME")]
        object_mapping: Option<String>,
    },
    /// Print the result of one expression
    #[command(after_help = examples::MAPPING_EVAL)]
    Eval {
        /// The expression to evaluate, as in a mapping file
        #[arg(allow_negative_numbers = true)]
        expression: String,
        /// The record as a JSON object
        #[arg(long, value_name = "JSON", default_value = "{}")]
        record: String,
        /// The time that `Now()` returns
        #[arg(long, value_name = "TIME")]
        now: Option<String>,
        /// A value that is already in use (repeatable)
        #[arg(long, value_name = "VALUE")]
        taken: Vec<String>,
        /// The tenant's default domain
        #[arg(long, value_name = "DOMAIN")]
        default_domain: Option<String>,
    },
    /// Print the manual of the functions
    #[command(after_help = examples::MAPPING_FUNCTIONS)]
    Functions {
        /// Print only the manual of this function
        name: Option<String>,
    },
}
