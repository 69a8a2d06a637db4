import { type Examined, mayLoseRole } from './examined.ts';
import type { TargetFinding } from './target-finding.ts';

interface PolicyRow {
  readonly policy: string;
  readonly place: string;
  readonly reason: 'named' | 'session_user' | 'current_user';
  readonly login: string;
  readonly statement: string;
}

/**
 * Row policies that would hide rows after a rotation:
 * 1. one is for a login, and the owner role has no right of it: sessions act as the owner role;
 * 2. one compares with session_user, which is the one login and then the other;
 * 3. one compares with current_user, where that changes: the base login does not act as the owner role yet, or a proxy loses the role.
 * A policy that names the other login in its expression knows of both. Only tables that the logins may use count.
 * https://www.postgresql.org/docs/current/sql-createpolicy.html
 */
export async function judgePolicies(examined: Examined): Promise<TargetFinding[]> {
  const { reading, names, owner, settings, state } = examined;
  const rows = await reading.query<PolicyRow>(policies, [
    names.base,
    names.second,
    owner,
    mayLoseRole(settings) || (owner !== names.base && !state.baseActsAsOwner),
  ]);
  return rows.map(({ policy, place, reason, login, statement }) => ({
    code: reason === 'named' ? 'PolicyNamesLogin' : 'PolicyComparesLogin',
    blocks: true,
    text:
      reason === 'named'
        ? `Row policy ${policy} on ${place} is for ${login}, and sessions act as ${owner}: rows would vanish.`
        : `Row policy ${policy} on ${place} compares with ${reason}, which is not the same after a rotation: rows would vanish.`,
    statement,
  }));
}

const policies = `WITH base AS (SELECT oid, rolname FROM pg_roles WHERE rolname::text = $1),
  second AS (SELECT oid FROM pg_roles WHERE rolname::text = $2), owner AS (SELECT oid, rolname FROM pg_roles WHERE rolname::text = $3),
  p AS (SELECT p.*, format('%I.%I', n.nspname, c.relname) AS place, p.polname::text AS policy,
      pg_get_expr(polqual, polrelid) AS reads, pg_get_expr(polwithcheck, polrelid) AS writes,
      (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', ') FROM unnest(polroles) r) AS "to"
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relrowsecurity),
  named AS (SELECT p.*, 'named' AS reason, pg_get_userbyid(l.oid)::text AS login, 'ALTER POLICY %I ON %s TO ' || "to" || ', ' || quote_ident(owner.rolname) AS change
    FROM p JOIN (SELECT oid FROM base UNION SELECT oid FROM second) l ON l.oid = ANY(polroles) JOIN owner ON l.oid <> owner.oid
    WHERE NOT EXISTS (SELECT FROM unnest(polroles) r WHERE CASE r WHEN 0 THEN true ELSE pg_has_role(owner.oid, r, 'USAGE') END)),
  compared AS (SELECT p.*, word AS reason, base.rolname::text AS login, format('CASE %s WHEN %L THEN %L::name ELSE %s END', upper(word), differs, $1::text, upper(word)) AS instead
    FROM p, base, (SELECT 'session_user' AS word, $2::text AS differs UNION ALL
      SELECT 'current_user', CASE WHEN $3 = $1 THEN $2::text ELSE $3::text END WHERE $4::boolean) w
    WHERE concat(reads, ' ', writes) ~* ('\\m' || word || '\\M') AND strpos(concat(reads, ' ', writes), quote_literal(differs)) = 0
      AND has_table_privilege(base.oid, polrelid, 'SELECT, INSERT, UPDATE, DELETE')
      AND EXISTS (SELECT FROM unnest(polroles) r WHERE CASE r WHEN 0 THEN true ELSE pg_has_role(base.oid, r, 'USAGE') END))
  SELECT policy, place, reason, login, format(change, policy, place) AS statement FROM named
  UNION ALL SELECT policy, place, reason, login, format('ALTER POLICY %I ON %s', policy, place)
    || CASE WHEN reads IS NULL THEN '' ELSE ' USING (' || regexp_replace(reads, '\\m' || reason || '\\M', instead, 'gi') || ')' END
    || CASE WHEN writes IS NULL THEN '' ELSE ' WITH CHECK (' || regexp_replace(writes, '\\m' || reason || '\\M', instead, 'gi') || ')' END FROM compared
  ORDER BY 2, 1`;
