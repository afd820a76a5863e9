//! The tokens on record, as lists.

use async_trait::async_trait;
use countersign::account::AccountId;
use countersign::session::{Generation, SessionNumber};
use countersign::store::{
    PurgePreview, Purged, RecordedToken, SealedToken, StoreError, TokenFilter, TokenList,
    TokenName, TokenPlace, TokenRecord, TokenRecords,
};
use countersign_token::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};

use super::columns::{Columns, all, bound};
use super::failure::Failure;
use super::purge::preview_purge;
use super::store::SqliteStore;

#[async_trait]
impl TokenRecords for SqliteStore {
    async fn list_tokens(
        &self,
        filter: &TokenFilter,
        after: Option<&TokenPlace>,
        limit: u32,
    ) -> Result<Vec<TokenRecord>, StoreError> {
        let (filter, after) = (*filter, after.cloned());
        self.scan(move |connection| list(connection, &filter, after.as_ref(), limit))
            .await
    }

    async fn find_token(&self, name: &TokenName) -> Result<Option<TokenRecord>, StoreError> {
        self.read(|connection| find(connection, name))
    }

    async fn preview_purge(
        &self,
        wanted: Timestamp,
        at_most_seconds: Option<i64>,
    ) -> Result<PurgePreview, StoreError> {
        self.scan(move |connection| preview_purge(connection, wanted, at_most_seconds))
            .await
    }

    async fn purge_rotated_out(
        &self,
        horizon: Timestamp,
        limit: u32,
    ) -> Result<Purged, StoreError> {
        let mut walk = self.history_walk();
        let (purged, walk) = self
            .write(move |connection| Ok((walk.purge(connection, horizon, limit)?, walk)))
            .await?;
        self.walk_history_on_from(walk);
        Ok(purged)
    }
}

/// The page behind a place: one statement for each part of the list that it may touch, and one more to find a place in
/// the history.
fn list(
    connection: &Connection,
    filter: &TokenFilter,
    after: Option<&TokenPlace>,
    limit: u32,
) -> Result<Vec<TokenRecord>, Failure> {
    let mut page = Page {
        connection,
        filter,
        left: limit,
        records: Vec::new(),
    };
    match after {
        None => page.add_all(i64::MAX)?,
        Some(TokenPlace::Current(number)) => page.add_all(bound(number.get()))?,
        Some(TokenPlace::RotatedOut(number, generation)) => {
            let before = history_id(connection, *number, *generation)?;
            page.add_rotated_out(before.unwrap_or(NOTHING_LEFT))?;
            page.add_foreign("")?;
        }
        Some(TokenPlace::Foreign(id)) => page.add_foreign(id)?,
    }
    Ok(page.records)
}

/// A page on its way: each part of the list adds what there is still room for.
struct Page<'a> {
    connection: &'a Connection,
    filter: &'a TokenFilter,
    left: u32,
    records: Vec<TokenRecord>,
}

impl Page<'_> {
    /// Begins with the current tokens of the sessions before a number.
    fn add_all(&mut self, before: i64) -> Result<(), Failure> {
        self.add(&CURRENT, &[(":number", &before)])?;
        self.add_rotated_out(i64::MAX)?;
        self.add_foreign("")
    }

    fn add_rotated_out(&mut self, before: i64) -> Result<(), Failure> {
        let part = match self.filter.account {
            Some(_) => &ROTATED_OUT_OF_ACCOUNT,
            None => &ROTATED_OUT,
        };
        self.add(part, &[(":before", &before)])
    }

    fn add_foreign(&mut self, after: &str) -> Result<(), Failure> {
        self.add(&FOREIGN, &[(":after", &after)])
    }

    fn add(&mut self, part: &Part, place: &[(&str, &dyn ToSql)]) -> Result<(), Failure> {
        if self.left == 0 {
            return Ok(());
        }
        let limit = self.left;
        let account = self.filter.account.map(AccountId::get);
        let mut parameters = place.to_vec();
        parameters.push((":limit", &limit));
        if account.is_some() {
            parameters.push((":account", &account));
        }
        let sql = part.page(self.filter);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let found = all(&mut statement, parameters.as_slice(), part.from_row)?;
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        self.left = limit.saturating_sub(count);
        self.records.extend(found);
        Ok(())
    }
}

fn find(connection: &Connection, name: &TokenName) -> Result<Option<TokenRecord>, Failure> {
    match name {
        TokenName::Ours(session, generation) => {
            let (number, current) = (bound(session.get()), generation.get());
            let condition = "session.number = :session AND session.generation = :generation";
            let named: [(&str, &dyn ToSql); 2] = [(":session", &number), (":generation", &current)];
            let found = find_one(connection, &CURRENT, condition, &named)?;
            if found.is_some() {
                return Ok(found);
            }
            match history_id(connection, *session, *generation)? {
                Some(id) => find_one(
                    connection,
                    &ROTATED_OUT,
                    "token_history.id = :id",
                    &[(":id", &id)],
                ),
                None => Ok(None),
            }
        }
        TokenName::Foreign(id) => find_one(connection, &FOREIGN, "token_id = :id", &[(":id", id)]),
    }
}

/// Finds a token in its session's chain. A link leads to an older generation of the same session or nowhere: what it
/// led to is purged first, unless a life was made shorter meanwhile, and then those behind it expire unfound.
fn history_id(
    connection: &Connection,
    session: SessionNumber,
    generation: Generation,
) -> Result<Option<i64>, Failure> {
    let mut find = connection.prepare_cached(
        "WITH RECURSIVE chain (id, generation, previous) AS (
             SELECT token_history.id, token_history.generation, token_history.previous
             FROM session
             JOIN token_history
                 ON token_history.id = session.history
                 AND token_history.session = session.number
             WHERE session.number = :session
             UNION ALL
             SELECT token_history.id, token_history.generation, token_history.previous
             FROM chain
             CROSS JOIN token_history
                 ON token_history.id = chain.previous
                 AND token_history.session = :session
                 AND token_history.generation < chain.generation
         )
         SELECT id FROM chain WHERE generation = :generation LIMIT 1",
    )?;
    let named = named_params! {
        ":session": bound(session.get()),
        ":generation": generation.get(),
    };
    Ok(find.query_row(named, |row| row.get(0)).optional()?)
}

fn find_one(
    connection: &Connection,
    part: &Part,
    condition: &str,
    parameters: &[(&str, &dyn ToSql)],
) -> Result<Option<TokenRecord>, Failure> {
    let sql = format!("{} AND {condition}", part.select());
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row(parameters, part.from_row).optional()?)
}

/// One part of the lists.
struct Part {
    /// What `from_row` reads first.
    columns: &'static str,
    /// Since when its token is blacklisted; read last.
    blacklisted: &'static str,
    /// The tables, and what holds for every row of the part.
    ///
    /// A `CROSS JOIN` is carried out in the order in which it is written: the table in whose order the part is read
    /// comes first, and a page is read as far as it goes, without sorting.
    tables: &'static str,
    /// The column with the account.
    account: &'static str,
    /// What is behind a place.
    behind: &'static str,
    order: &'static str,
    from_row: fn(&Row<'_>) -> rusqlite::Result<TokenRecord>,
}

impl Part {
    fn select(&self) -> String {
        let Self {
            columns,
            blacklisted,
            tables,
            ..
        } = self;
        format!("SELECT {columns}, {blacklisted} AS blacklisted FROM {tables}")
    }

    /// The text hangs on which of the two lists and on whether one account is asked for, on nothing else.
    fn page(&self, filter: &TokenFilter) -> String {
        let account = match filter.account {
            Some(_) => format!("AND {} = :account", self.account),
            None => String::new(),
        };
        let list = match filter.list {
            TokenList::Outstanding => "",
            TokenList::Blacklisted => "AND blacklisted IS NOT NULL",
        };
        let (select, behind, order) = (self.select(), self.behind, self.order);
        format!("{select} AND {behind} {account} {list} ORDER BY {order} LIMIT :limit")
    }
}

/// Since when the current token of `session` is blacklisted, `root_row` being its root: the earliest of all reasons.
/// A macro, because `concat!` takes literals only.
macro_rules! blacklisted_with_session {
    () => {
        "nullif(
             min(
                 coalesce(session.blacklisted_at, 9223372036854775807),
                 coalesce(session.ended_at, 9223372036854775807),
                 coalesce(root_row.ended_at, 9223372036854775807),
                 coalesce(
                     (
                         SELECT min(revocation.at)
                         FROM revocation
                         WHERE scope = 'everything_upto'
                           AND upto >= session.number
                     ),
                     9223372036854775807
                 )
             ),
             9223372036854775807
         )"
    };
}

const CURRENT: Part = Part {
    columns: "session.number, session.sid, session.generation, session.first_token,
              session.sealing_key, session.account, session.rotated_at, session.refresh_expires_at",
    blacklisted: blacklisted_with_session!(),
    tables: "session
             CROSS JOIN session AS root_row ON root_row.number = session.root
             WHERE session.first_token <> 4
               AND NOT (session.generation = 0 AND session.first_token = 2)",
    account: "session.account",
    behind: "session.number < :number",
    order: "session.number DESC",
    from_row: |row| ours_from_row(row, RecordedToken::Current),
};

const ROTATED_OUT: Part = Part {
    columns: "session.number, session.sid, token_history.generation, session.first_token,
              session.sealing_key, session.account, token_history.created_at,
              token_history.expires_at",
    blacklisted: "token_history.blacklisted_at",
    tables: "token_history
             CROSS JOIN session ON session.number = token_history.session
             WHERE session.first_token <> 4
               AND NOT (token_history.generation = 0 AND session.first_token = 2)",
    account: "session.account",
    behind: "token_history.id < :before",
    order: "token_history.id DESC",
    from_row: |row| ours_from_row(row, RecordedToken::RotatedOut),
};

/// The same by way of the chains of the account's sessions, which are read whole and sorted. A link leads to an older
/// generation of the same session or nowhere.
const ROTATED_OUT_OF_ACCOUNT: Part = Part {
    tables: "(
                 WITH RECURSIVE chain (id, session, generation, previous) AS (
                     SELECT token_history.id, token_history.session, token_history.generation,
                            token_history.previous
                     FROM session
                     CROSS JOIN token_history
                         ON token_history.id = session.history
                         AND token_history.session = session.number
                     WHERE session.account = :account
                     UNION ALL
                     SELECT token_history.id, token_history.session, token_history.generation,
                            token_history.previous
                     FROM chain
                     CROSS JOIN token_history
                         ON token_history.id = chain.previous
                         AND token_history.session = chain.session
                         AND token_history.generation < chain.generation
                 )
                 SELECT id AS link FROM chain
             )
             CROSS JOIN token_history ON token_history.id = link
             CROSS JOIN session ON session.number = token_history.session
             WHERE session.first_token <> 4
               AND NOT (token_history.generation = 0 AND session.first_token = 2)",
    ..ROTATED_OUT
};

/// A token that opened a session is spent when that moves on: most by their first use.
const FOREIGN: Part = Part {
    columns: "token_id, foreign_token.account, foreign_token.created_at, foreign_token.expires_at",
    blacklisted: concat!(
        "coalesce(
             foreign_token.blacklisted_at,
             CASE session.generation
                 WHEN 0 THEN ",
        blacklisted_with_session!(),
        "
                 WHEN 1 THEN session.rotated_at
                 ELSE session.created_at
             END
         )"
    ),
    tables: "foreign_token
             LEFT JOIN session ON session.number = foreign_token.session
             LEFT JOIN session AS root_row ON root_row.number = session.root
             WHERE TRUE",
    account: "foreign_token.account",
    behind: "token_id > :after",
    order: "token_id",
    from_row: foreign_from_row,
};

/// Before every row of the history: it is purged in its order, so that nothing is left behind a row that is gone.
const NOTHING_LEFT: i64 = 0;

fn ours_from_row(
    row: &Row<'_>,
    which: fn(SealedToken) -> RecordedToken,
) -> rusqlite::Result<TokenRecord> {
    let mut columns = Columns::of(row);
    let (session, sid) = (columns.number()?, columns.sid()?);
    let generation = columns.parsed(Generation::new)?;
    let first_token = columns.first_token()?;
    let key = columns.sealing_key()?;
    let token = SealedToken::of(session, sid, generation, first_token, key);
    Ok(TokenRecord {
        token: token.map(which).ok_or_else(|| columns.unreadable())?,
        account: columns.account_if_any()?,
        created_at: columns.millis()?,
        expires_at: columns.seconds()?,
        blacklisted_at: columns.millis_if_any()?,
    })
}

fn foreign_from_row(row: &Row<'_>) -> rusqlite::Result<TokenRecord> {
    let mut columns = Columns::of(row);
    Ok(TokenRecord {
        token: RecordedToken::Foreign(columns.value()?),
        account: columns.account_if_any()?,
        created_at: columns.millis()?,
        expires_at: columns.seconds()?,
        blacklisted_at: columns.millis_if_any()?,
    })
}

#[cfg(test)]
mod tests;
