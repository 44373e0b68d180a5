//! The schema as the catalogs of `PostgreSQL` tell it.
//!
//! One statement, so that all of it is of one moment. Texts are those that the server makes for
//! `pg_dump`. What belongs to an extension goes with it and is left out; positions of columns are
//! left out, since nothing can restore them.

use super::guard::Connection;
use crate::dialect::Dialect;
use crate::runtime::tracking::{Tracking, literal};

/// Schemas that are not the server's own.
const OWN_SCHEMA: &str = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";

impl Connection<'_> {
    /// A text an object or a part of one; in no order.
    pub(crate) async fn describe(
        &mut self,
        tracking: &Tracking,
    ) -> Result<Vec<String>, sqlx::Error> {
        let rows = self.texts(&query(tracking)).await?;
        Ok(rows.into_iter().filter_map(|cells| cells.into_iter().next().flatten()).collect())
    }
}

/// The condition that an object belongs to no extension.
fn free(catalog: &str, oid: &str) -> String {
    format!(
        "NOT EXISTS (SELECT FROM pg_depend AS e WHERE e.classid = '{catalog}'::regclass \
         AND e.objid = {oid} AND e.deptype = 'e')"
    )
}

fn query(tracking: &Tracking) -> String {
    let literal = |text: &str| literal(Dialect::Postgres, text);
    let bare = tracking.bare();
    let ours = format!(
        "n.nspname = {} AND c.relname IN ({}, {})",
        literal(tracking.schema().unwrap_or("public")),
        literal(bare),
        literal(&format!("{bare}_meta"))
    );
    let own = format!(
        "own AS (SELECT c.oid AS id, c.*, format('%I.%I', n.nspname, c.relname) AS name, \
         CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' \
         WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' \
         WHEN 'S' THEN 'sequence' ELSE 'type' END AS kind \
         FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S', 'c') AND {OWN_SCHEMA} \
         AND NOT ({ours}) AND {})",
        free("pg_class", "c.oid")
    );
    let parts = [
        format!(
            // The first run may have made the schema of the tracking tables, and no down takes it away.
            "SELECT format('schema %I', n.nspname) FROM pg_namespace AS n \
             WHERE {OWN_SCHEMA} AND n.nspname <> {} AND {}",
            literal(tracking.schema().unwrap_or("public")),
            free("pg_namespace", "n.oid")
        ),
        String::from(
            "SELECT format('extension %I, version %s, in %I', e.extname, e.extversion, n.nspname) \
             FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace",
        ),
        String::from(
            "SELECT concat_ws(' ', c.kind, c.name, \
             CASE c.relpersistence WHEN 'u' THEN 'unlogged' END, \
             'partition by ' || CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.id) END, \
             'inherits ' || (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno) \
             FROM pg_inherits AS i WHERE i.inhrelid = c.id), \
             pg_get_expr(c.relpartbound, c.id), \
             'with (' || array_to_string(c.reloptions, ', ') || ')', \
             CASE WHEN c.relrowsecurity THEN 'row level security' END, \
             CASE WHEN c.relforcerowsecurity THEN 'forced' END, \
             'as ' || CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.id) END) FROM own AS c",
        ),
        String::from(
            "SELECT concat_ws(' ', c.kind, c.name || ':', 'column', quote_ident(a.attname), \
             format_type(a.atttypid, a.atttypmod), \
             'collate ' || CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END, \
             CASE WHEN a.attnotnull THEN 'not null' END, \
             CASE a.attgenerated WHEN '' THEN 'default ' ELSE 'generated ' || a.attgenerated::text || ' ' END \
             || pg_get_expr(d.adbin, d.adrelid), \
             CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END) \
             FROM own AS c JOIN pg_attribute AS a ON a.attrelid = c.id \
             JOIN pg_type AS t ON t.oid = a.atttypid \
             LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
             WHERE c.relkind IN ('r', 'p', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped",
        ),
        String::from(
            "SELECT format('%s %s: constraint %I %s', c.kind, c.name, k.conname, pg_get_constraintdef(k.oid)) \
             FROM own AS c JOIN pg_constraint AS k ON k.conrelid = c.id WHERE k.contype NOT IN ('t', 'n')",
        ),
        String::from(
            "SELECT concat_ws(' ', c.kind, c.name || ':', 'index', pg_get_indexdef(i.indexrelid), \
             CASE WHEN NOT i.indisvalid THEN '(invalid)' END) \
             FROM own AS c JOIN pg_index AS i ON i.indrelid = c.id WHERE NOT EXISTS (\
             SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))",
        ),
        String::from(
            "SELECT concat_ws(' ', 'sequence', c.name || ':', format_type(s.seqtypid, NULL), 'start', s.seqstart, \
             'increment', s.seqincrement, 'minimum', s.seqmin, 'maximum', s.seqmax, 'cache', s.seqcache, \
             CASE WHEN s.seqcycle THEN 'cycle' END, 'owned by ' || (\
             SELECT format('%s.%I', a.attrelid::regclass, a.attname) FROM pg_depend AS o \
             JOIN pg_attribute AS a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid \
             WHERE o.classid = 'pg_class'::regclass AND o.objid = c.id AND o.refclassid = 'pg_class'::regclass \
             AND o.deptype IN ('a', 'i') LIMIT 1)) FROM own AS c JOIN pg_sequence AS s ON s.seqrelid = c.id",
        ),
        format!(
            "SELECT CASE p.prokind WHEN 'a' THEN format('aggregate %s: step %s, state %s, final %s', \
             p.oid::regprocedure, g.aggtransfn, format_type(g.aggtranstype, NULL), g.aggfinalfn) \
             ELSE format('function %s: %s', p.oid::regprocedure, pg_get_functiondef(p.oid)) END \
             FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace \
             LEFT JOIN pg_aggregate AS g ON g.aggfnoid = p.oid WHERE {OWN_SCHEMA} AND {}",
            free("pg_proc", "p.oid")
        ),
        String::from(
            "SELECT format('%s %s: trigger %s, enabled %s', c.kind, c.name, pg_get_triggerdef(t.oid), t.tgenabled) \
             FROM own AS c JOIN pg_trigger AS t ON t.tgrelid = c.id WHERE NOT t.tgisinternal",
        ),
        String::from(
            "SELECT format('%s %s: rule %s', c.kind, c.name, pg_get_ruledef(r.oid)) \
             FROM own AS c JOIN pg_rewrite AS r ON r.ev_class = c.id WHERE r.rulename <> '_RETURN'",
        ),
        String::from(
            "SELECT concat_ws(' ', c.kind, c.name || ':', 'policy', quote_ident(p.polname), \
             CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END, 'for', p.polcmd, 'to', \
             (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r)::text END, ', ' ORDER BY r) \
             FROM unnest(p.polroles) AS r), \
             'using ' || pg_get_expr(p.polqual, p.polrelid), 'with check ' || pg_get_expr(p.polwithcheck, p.polrelid)) \
             FROM own AS c JOIN pg_policy AS p ON p.polrelid = c.id",
        ),
        String::from(
            "SELECT format('%s %s: statistics %s', c.kind, c.name, pg_get_statisticsobjdef(s.oid)) \
             FROM own AS c JOIN pg_statistic_ext AS s ON s.stxrelid = c.id",
        ),
        // What its owner may do is nothing that anybody has granted.
        String::from(
            "SELECT format('%s %s: %s granted to %s%s', c.kind, c.name, lower(a.privilege_type), \
             CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END, \
             CASE WHEN a.is_grantable THEN ' with grant option' END) \
             FROM own AS c, aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner",
        ),
        format!(
            "SELECT format('type %I.%I: enum (%s)', n.nspname, t.typname, \
             (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) \
             FROM pg_enum AS e WHERE e.enumtypid = t.oid)) \
             FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace \
             WHERE t.typtype = 'e' AND {OWN_SCHEMA} AND {}",
            free("pg_type", "t.oid")
        ),
        format!(
            "SELECT concat_ws(' ', format('domain %I.%I:', n.nspname, t.typname), \
             format_type(t.typbasetype, t.typtypmod), CASE WHEN t.typnotnull THEN 'not null' END, \
             'default ' || t.typdefault, (SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname) \
             FROM pg_constraint AS k WHERE k.contypid = t.oid AND k.contype <> 'n')) \
             FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace \
             WHERE t.typtype = 'd' AND {OWN_SCHEMA} AND {}",
            free("pg_type", "t.oid")
        ),
        format!(
            "SELECT format('range %I.%I of %s', n.nspname, t.typname, format_type(r.rngsubtype, NULL)) \
             FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace \
             JOIN pg_range AS r ON r.rngtypid = t.oid WHERE {OWN_SCHEMA} AND {}",
            free("pg_type", "t.oid")
        ),
        String::from(
            "SELECT format('comment on %s: %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description) \
             FROM pg_description AS d WHERE d.objoid >= 16384 AND NOT EXISTS (\
             SELECT FROM pg_depend AS e WHERE e.classid = d.classoid AND e.objid = d.objoid AND e.deptype = 'e')",
        ),
        String::from(
            "SELECT format('event trigger %I on %s executes %s, enabled %s', e.evtname, e.evtevent, \
             e.evtfoid::regprocedure, e.evtenabled) FROM pg_event_trigger AS e",
        ),
    ];
    let parts: Vec<String> =
        parts.iter().map(|part| format!("(SELECT line FROM ({part}) AS part (line))")).collect();
    format!("WITH {own} {}", parts.join(" UNION ALL "))
}
