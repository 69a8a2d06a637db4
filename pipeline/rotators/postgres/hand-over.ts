import { setTimeout as wait } from 'node:timers/promises';
import { TargetUnavailable } from '../errors.ts';
import type { Rotation } from '../rotator.ts';
import type { Session } from './connect.ts';
import { followGrants } from './follow-grants.ts';
import { withMemberships } from './membership.ts';
import { inTransaction, type Statements } from './transaction.ts';

/** For so long a change of owner waits for a relation, and other sessions wait behind it. */
const LOCK_MILLISECONDS = 50;
/** A transaction ends when it has held its locks for so long. */
const BATCH_MILLISECONDS = 30;
/** Between two tries, so that all tries together keep the others waiting for less than a second. */
const PAUSE_MILLISECONDS = 450;
const TRIES = 15;

interface Step {
  readonly where: string;
  readonly rotation: Pick<Rotation<unknown>, 'secretArn' | 'assertNotOvertaken'>;
}

interface Relation {
  readonly relation: string;
  readonly statement: string;
}

/**
 * Tables, views and sequences of a login go to the owner role, few at a time. A change of owner takes the strongest lock
 * there is: behind one that waits for an open reader every other reader waits, and one transaction over thousands holds all
 * of them to its end. So each waits a moment only, is tried again, and is committed with a handful of others; what a killed
 * process leaves undone, the next call does. `prepare` runs first, where there is anything to do.
 * https://www.postgresql.org/docs/current/explicit-locking.html
 */
export async function handOverRelations(
  session: Session,
  step: Step,
  {
    from,
    owner,
    prepare,
  }: { from: string; owner: string; prepare?: (statements: Statements) => Promise<unknown> | undefined },
): Promise<void> {
  let relations = await relationsOf(session, from, owner);
  if (relations.length === 0) return;
  await inTransaction(session, step, async (statements) => {
    await prepare?.(statements);
    // What the login owns may lie in a schema in which only the login was let create.
    await followGrants(statements, from, owner);
    await handOverSchemas(statements, from, owner);
  });
  let tries = 0;
  while (relations.length > 0) {
    const { left, blocked } = await handOverSome(session, step, { from, owner, relations });
    relations = left;
    if (!blocked) continue;
    tries += 1;
    if (tries >= TRIES) {
      throw new TargetUnavailable(
        `${step.where}: ${blocked.relation} is to belong to ${owner}, and a session that uses it does not let go: it was tried ${TRIES} times for ${LOCK_MILLISECONDS} ms. End the long transaction, or wait for it.`,
      );
    }
    await wait(PAUSE_MILLISECONDS);
  }
}

/** No reader waits for a schema's owner, and the new one may then own what lies in it. */
async function handOverSchemas(statements: Statements, from: string, owner: string): Promise<void> {
  const schemas = await statements.query<{ name: string }>(
    'SELECT n.nspname::text AS name FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE r.rolname::text = $1',
    [from],
  );
  if (schemas.length === 0) return;
  await withMemberships(statements, [from, owner], [], async () => {
    for (const { name } of schemas) await statements.execute('ALTER SCHEMA %I OWNER TO %I', name, owner);
  });
}

/** One short transaction. A relation that is in use goes to the end of the line. */
function handOverSome(
  session: Session,
  step: Step,
  { from, owner, relations }: { from: string; owner: string; relations: readonly Relation[] },
): Promise<{ left: Relation[]; blocked?: Relation }> {
  return inTransaction(session, step, async (statements) => {
    const left = [...relations];
    let blocked: Relation | undefined;
    await statements.query(`SET LOCAL lock_timeout = ${LOCK_MILLISECONDS}`);
    await withMemberships(statements, [from, owner], [], async () => {
      const begun = performance.now();
      while (left.length > 0 && !blocked && performance.now() - begun < BATCH_MILLISECONDS) {
        const relation = left.shift()!;
        if (await changesOwner(statements, relation.statement)) continue;
        blocked = relation;
        left.push(relation);
      }
    });
    return { left, ...(blocked && { blocked }) };
  });
}

async function changesOwner(statements: Statements, statement: string): Promise<boolean> {
  await statements.query('SAVEPOINT hand_over');
  try {
    await statements.query(statement);
    await statements.query('RELEASE hand_over');
    return true;
  } catch (error) {
    const { code } = error as { code?: string };
    await statements.query('ROLLBACK TO hand_over');
    // Dropped since it was listed; or in a schema in which the owner role may not create, which REASSIGN OWNED does not ask.
    if (code === '42P01' || code === '42501') return true;
    if (code !== '55P03') throw error;
    return false;
  }
}

/** Not what goes along with its table: indexes, and sequences of columns. */
async function relationsOf(session: Session, from: string, owner: string): Promise<Relation[]> {
  const { rows } = await session.query<Relation>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS relation, format('ALTER %s %I.%I OWNER TO %I', CASE c.relkind WHEN 'v' THEN 'VIEW'
         WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, n.nspname, c.relname, $2::text) AS statement
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
     WHERE r.rolname::text = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND c.relkind = 'S')
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
     ORDER BY c.oid`,
    [from, owner],
  );
  return rows;
}
