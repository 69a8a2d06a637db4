import { type Examined, presentLogins } from './examined.ts';
import { quoteForReading } from './quote-for-reading.ts';
import type { TargetFinding } from './target-finding.ts';

/**
 * Objects of a login that REASSIGN OWNED would not give the owner role: their owner has to be a superuser, or to have a right
 * that the owner role lacks. https://www.postgresql.org/docs/current/sql-alterpublication.html
 */
export async function judgeSuperusersObjects(examined: Examined): Promise<TargetFinding[]> {
  const { reading, names, owner, state } = examined;
  const logins = presentLogins({ names, state }).filter((login) => login !== owner);
  const rows = await reading.query<{ kind: string; name: string; login: string; server: boolean }>(
    `WITH l AS (SELECT oid, rolname::text AS login FROM pg_roles WHERE rolname::text = ANY($1)), o AS (SELECT oid FROM pg_roles WHERE rolname::text = $2)
     SELECT 'EVENT TRIGGER' AS kind, evtname::text AS name, login, false AS server FROM pg_event_trigger JOIN l ON l.oid = evtowner
     UNION ALL SELECT 'FOREIGN DATA WRAPPER', fdwname::text, login, false FROM pg_foreign_data_wrapper JOIN l ON l.oid = fdwowner
     UNION ALL SELECT 'PUBLICATION', pubname::text, login, false FROM pg_publication JOIN l ON l.oid = pubowner WHERE puballtables
     UNION ALL SELECT 'SERVER', srvname::text, login, true FROM pg_foreign_server JOIN l ON l.oid = srvowner CROSS JOIN o
       WHERE NOT has_foreign_data_wrapper_privilege(o.oid, srvfdw, 'USAGE') AND NOT has_foreign_data_wrapper_privilege(l.oid, srvfdw, 'USAGE WITH GRANT OPTION')
     ORDER BY 1, 2`,
    [logins, owner],
  );
  return rows.map(({ kind, name, login }) => ({
    code: 'OwnerNotChangeable',
    blocks: true,
    text: `${login} owns ${kind.toLowerCase()} ${name}, which cannot be given to ${owner}.`,
    statement: `ALTER ${kind} ${quoteForReading(name)} OWNER TO ${quoteForReading(state.bootstrapSuperuser)}`,
  }));
}
