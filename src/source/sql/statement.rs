//! Whether a text is one statement that only reads, judged by its words.
//!
//! The sessions cannot write, by their own settings and by the server's. This check comes before them, at the desk: it needs no
//! server, names the place, and stops what a read-only session still lets through, such as `INTO OUTFILE` or a second statement.

use super::Driver;

/// Why a query is refused before it is sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatementFault {
    /// There is no statement.
    #[error("the query is empty")]
    Empty,
    /// Something follows the first statement.
    #[error("the query holds more than one statement")]
    Second {
        /// The byte at which the second one starts.
        at: usize,
    },
    /// The statement does not begin like one that reads.
    #[error("a query begins with SELECT or WITH, not with `{word}`")]
    Begins {
        /// The first word of the statement.
        word: String,
        /// Its position in bytes.
        at: usize,
    },
    /// A word that no reading needs.
    #[error("`{word}` has no place in a query that only reads")]
    Writes {
        /// The word as the query has it.
        word: String,
        /// Its position in bytes.
        at: usize,
    },
    /// A quote or comment without an end.
    #[error("a quote or comment opens here and never closes")]
    Open {
        /// The byte at which it opens.
        at: usize,
    },
    /// A comment with content that MySQL would carry out.
    #[error("a comment of the kind /*! … */ would be carried out by the server")]
    Hidden {
        /// The byte at which it opens.
        at: usize,
    },
}

impl StatementFault {
    /// The position of the fault in the query, in bytes.
    pub fn at(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Second { at } | Self::Begins { at, .. } | Self::Writes { at, .. } | Self::Open { at } | Self::Hidden { at } => {
                *at
            }
        }
    }
}

/// Checks that a text is one statement that only reads.
///
/// ```
/// use hrpush::source::sql::{Driver, check};
///
/// assert!(check(Driver::Postgres, "SELECT id, 'a;b' FROM person -- all of them").is_ok());
/// assert!(check(Driver::Mssql, "SELECT 1 DELETE FROM person").is_err());
/// ```
pub fn check(driver: Driver, query: &str) -> Result<(), StatementFault> {
    let mut lexer = Lexer { driver, query, at: 0 };
    let mut first = true;
    let mut ended = false;
    while let Some((at, token)) = lexer.next()? {
        match token {
            Token::End => ended = true,
            _ if ended => return Err(StatementFault::Second { at }),
            Token::Word(word) => {
                let upper = word.to_ascii_uppercase();
                if first && !BEGINS.contains(&upper.as_str()) {
                    return Err(StatementFault::Begins { word: word.to_owned(), at });
                }
                if refused(driver).contains(&upper.as_str()) {
                    return Err(StatementFault::Writes { word: word.to_owned(), at });
                }
                first = false;
            }
            Token::Open => {}
            Token::Other => first = false,
        }
    }
    if first { Err(StatementFault::Empty) } else { Ok(()) }
}

const BEGINS: &[&str] = &["SELECT", "WITH", "VALUES", "TABLE"];

/// Words that are reserved in that dialect, so that no column is called so without quotes, and that no reading needs.
fn refused(driver: Driver) -> &'static [&'static str] {
    match driver {
        // A batch needs no semicolon between its statements, so the words are all there is to go by.
        Driver::Mssql => &[
            "ALTER",
            "BACKUP",
            "BEGIN",
            "BULK",
            "COMMIT",
            "CREATE",
            "DBCC",
            "DECLARE",
            "DELETE",
            "DENY",
            "DROP",
            "EXEC",
            "EXECUTE",
            "GRANT",
            "INSERT",
            "INTO",
            "KILL",
            "MERGE",
            "OPENDATASOURCE",
            "OPENQUERY",
            "OPENROWSET",
            "RECONFIGURE",
            "RESTORE",
            "REVERT",
            "REVOKE",
            "ROLLBACK",
            "SAVE",
            "SET",
            "SHUTDOWN",
            "TRUNCATE",
            "UPDATE",
            "USE",
            "WAITFOR",
            "WRITETEXT",
        ],
        // INTO OUTFILE writes a file in any session.
        Driver::Mysql => &["DELETE", "INSERT", "INTO", "UPDATE"],
        Driver::Postgres => &["INTO"],
        Driver::Sqlite => &[],
    }
}

enum Token<'q> {
    Word(&'q str),
    /// An opening bracket: a statement may begin with it.
    Open,
    End,
    Other,
}

struct Lexer<'q> {
    driver: Driver,
    query: &'q str,
    at: usize,
}

impl<'q> Lexer<'q> {
    fn next(&mut self) -> Result<Option<(usize, Token<'q>)>, StatementFault> {
        loop {
            let at = self.at;
            let rest = &self.query[at..];
            let Some(character) = rest.chars().next() else { return Ok(None) };
            if character.is_whitespace() {
                self.at += character.len_utf8();
                continue;
            }
            if self.comment(rest)? {
                continue;
            }
            let token = match character {
                ';' => self.take(1, Token::End),
                '(' => self.take(1, Token::Open),
                '\'' | '"' => self.quoted(character)?,
                '`' if matches!(self.driver, Driver::Mysql | Driver::Sqlite) => self.quoted('`')?,
                '[' if matches!(self.driver, Driver::Mssql | Driver::Sqlite) => self.quoted(']')?,
                '$' if self.driver == Driver::Postgres => self.dollars(rest)?,
                _ if character.is_alphanumeric() || matches!(character, '_' | '@' | '#') => self.word(rest)?,
                _ => self.take(character.len_utf8(), Token::Other),
            };
            return Ok(Some((at, token)));
        }
    }

    fn take(&mut self, bytes: usize, token: Token<'q>) -> Token<'q> {
        self.at += bytes;
        token
    }

    /// Passes over a comment that starts here.
    fn comment(&mut self, rest: &str) -> Result<bool, StatementFault> {
        let mysql = self.driver == Driver::Mysql;
        // In MySQL two hyphens begin a comment only before a blank; `5--3` is a sum.
        let dashes = rest
            .strip_prefix("--")
            .is_some_and(|after| !mysql || after.is_empty() || after.starts_with(|c: char| c.is_whitespace() || c.is_control()));
        if dashes || (mysql && rest.starts_with('#')) {
            self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
            return Ok(true);
        }
        let Some(body) = rest.strip_prefix("/*") else { return Ok(false) };
        if mysql && (body.starts_with('!') || body.starts_with("M!")) {
            return Err(StatementFault::Hidden { at: self.at });
        }
        let nested = matches!(self.driver, Driver::Postgres | Driver::Mssql);
        let (mut depth, mut here) = (1, 2);
        while depth > 0 {
            let left = &rest[here..];
            let close = left.find("*/");
            let open = left.find("/*").filter(|open| nested && close.is_none_or(|close| *open < close));
            match (open, close) {
                (Some(open), _) => (depth, here) = (depth + 1, here + open + 2),
                (None, Some(close)) => (depth, here) = (depth - 1, here + close + 2),
                (None, None) => return Err(StatementFault::Open { at: self.at }),
            }
        }
        self.at += here;
        Ok(true)
    }

    /// Passes over a quoted text or name; the closing quote doubled stands for itself.
    fn quoted(&mut self, close: char) -> Result<Token<'q>, StatementFault> {
        let start = self.at;
        let escapes = self.driver == Driver::Mysql && close != '`';
        self.pass(start, start + 1, close, escapes)
    }

    fn pass(&mut self, start: usize, from: usize, close: char, escapes: bool) -> Result<Token<'q>, StatementFault> {
        let mut chars = self.query[from..].char_indices().peekable();
        while let Some((offset, character)) = chars.next() {
            if escapes && character == '\\' {
                chars.next();
            } else if character == close {
                if chars.peek().is_some_and(|(_, next)| *next == close) {
                    chars.next();
                } else {
                    self.at = from + offset + character.len_utf8();
                    return Ok(Token::Other);
                }
            }
        }
        Err(StatementFault::Open { at: start })
    }

    /// Passes over `$tag$ … $tag$`, or over a parameter.
    fn dollars(&mut self, rest: &str) -> Result<Token<'q>, StatementFault> {
        let tag = rest[1..].find('$').map(|end| &rest[..end + 2]);
        let named = |tag: &&str| {
            let inside = &tag[1..tag.len() - 1];
            !inside.starts_with(|c: char| c.is_ascii_digit()) && inside.chars().all(|c| c.is_alphanumeric() || c == '_')
        };
        let Some(tag) = tag.filter(named) else { return Ok(self.take(1, Token::Other)) };
        match rest[tag.len()..].find(tag) {
            Some(end) => Ok(self.take(end + 2 * tag.len(), Token::Other)),
            None => Err(StatementFault::Open { at: self.at }),
        }
    }

    fn word(&mut self, rest: &'q str) -> Result<Token<'q>, StatementFault> {
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '@' | '#' | '$'))).unwrap_or(rest.len());
        let word = &rest[..end];
        let start = self.at;
        self.at += end;
        // E'…' of PostgreSQL knows backslashes.
        if self.driver == Driver::Postgres && word.eq_ignore_ascii_case("e") && rest[end..].starts_with('\'') {
            return self.pass(start, start + end + 1, '\'', true);
        }
        Ok(Token::Word(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Driver; 4] = [Driver::Postgres, Driver::Mysql, Driver::Sqlite, Driver::Mssql];

    #[test]
    fn a_select_passes_everywhere() {
        for query in [
            "select 1",
            "  -- who works here\nSELECT id FROM person;\n-- the end",
            "WITH a AS (SELECT 1 AS x) SELECT x FROM a",
            "(SELECT 1) UNION ALL (SELECT 2)",
            "/* a; b */ SELECT 'a;b', \"x;y\" FROM t",
            "SELECT 'it''s; fine' FROM t;  ;",
            "SELECT updated_at, deleted, into_date FROM t",
        ] {
            for driver in ALL {
                assert_eq!(check(driver, query), Ok(()), "{driver:?}: {query}");
            }
        }
    }

    #[test]
    fn a_second_statement_is_found_behind_quotes_and_comments() {
        let cases = [
            (Driver::Postgres, "SELECT $$;$$; DROP TABLE t"),
            (Driver::Postgres, "SELECT $a$ $$; $a$; SELECT 2"),
            (Driver::Postgres, "SELECT E'\\''; SELECT 2"),
            (Driver::Postgres, "SELECT '\\'; SELECT 2 -- '"),
            (Driver::Mysql, "SELECT '\\''; SELECT 2"),
            (Driver::Mysql, "SELECT `;`; SELECT 2"),
            (Driver::Mysql, "SELECT 5--3; SELECT 2"),
            (Driver::Sqlite, "SELECT [;]; SELECT 2"),
            (Driver::Sqlite, "SELECT 1 /* /* */; SELECT 2"),
            (Driver::Mssql, "SELECT [a]];]; SELECT 2"),
        ];
        for (driver, query) in cases {
            assert!(matches!(check(driver, query), Err(StatementFault::Second { .. })), "{query}");
        }
    }

    #[test]
    fn words_that_write_are_refused_where_the_session_would_let_them() {
        let refused = [
            (Driver::Mssql, "SELECT 1 DELETE FROM person"),
            (Driver::Mssql, "SELECT 1 COMMIT"),
            (Driver::Mssql, "select * into copy from person"),
            (Driver::Mssql, "SELECT 1 EXEC sp_configure"),
            (Driver::Mysql, "SELECT * FROM person INTO OUTFILE '/tmp/x'"),
            (Driver::Mysql, "WITH a AS (SELECT 1) DELETE FROM t"),
            (Driver::Postgres, "SELECT * INTO copy FROM person"),
        ];
        for (driver, query) in refused {
            assert!(matches!(check(driver, query), Err(StatementFault::Writes { .. })), "{query}");
        }
        assert_eq!(check(Driver::Mssql, "SELECT [delete], 'exec' AS [into] FROM t -- drop"), Ok(()));
    }

    #[test]
    fn other_faults_have_their_place() {
        assert_eq!(check(Driver::Postgres, " ; -- nothing"), Err(StatementFault::Empty));
        assert_eq!(check(Driver::Sqlite, "DELETE FROM t").unwrap_err().at(), 0);
        assert_eq!(check(Driver::Sqlite, "SELECT 'open").unwrap_err(), StatementFault::Open { at: 7 });
        assert_eq!(check(Driver::Sqlite, "SELECT 1 /* open").unwrap_err(), StatementFault::Open { at: 9 });
        assert!(matches!(check(Driver::Mysql, "SELECT 1 /*!50000 INTO OUTFILE 'x' */"), Err(StatementFault::Hidden { at: 9 })));
        assert!(matches!(check(Driver::Postgres, "pragma x"), Err(StatementFault::Begins { .. })));
    }
}
