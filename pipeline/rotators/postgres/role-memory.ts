import { createHash } from 'node:crypto';
import type { Statements } from './transaction.ts';

/**
 * What a rotation must remember in the target itself: which version's verifier each login carries, and what the role
 * settings were when both logins last had the same. It is the last line of the second login's comment, which only an
 * administrator of that role can write. It holds version ids and digests, no value.
 */
export interface RoleMemory {
  /** Login → version id of the secret, or `RETIRED`. */
  readonly written: Record<string, string>;
  /** Setting → digest of its value. */
  readonly settings: Record<string, string>;
  /** What both logins had when they last had the same. */
  readonly attributes: readonly string[];
  /** ARN of the secret that the logins belong to. */
  readonly secret?: string;
}

/** A retirement disabled the login, and no person did. */
export const RETIRED = 'retired';

const MARK = 'keyturn:';

export async function readMemory(statements: Pick<Statements, 'query'>, second: string): Promise<RoleMemory> {
  const comment = (await readComment(statements, second)) ?? '';
  return parseMemory(comment.split('\n').find((line) => line.startsWith(MARK)));
}

/** Before the first rotation there is no second login yet, and nothing to remember. */
export async function writeMemory(statements: Statements, second: string, memory: RoleMemory): Promise<void> {
  const comment = await readComment(statements, second);
  if (comment === undefined) return;
  const own = comment.split('\n').filter((line) => line && !line.startsWith(MARK));
  await statements.execute('COMMENT ON ROLE %I IS %L', second, [...own, `${MARK}${JSON.stringify(memory)}`].join('\n'));
}

/** Undefined where there is no such role. */
async function readComment(statements: Pick<Statements, 'query'>, role: string): Promise<string | undefined> {
  const [row] = await statements.query<{ comment: string | null }>(
    "SELECT shobj_description(oid, 'pg_authid') AS comment FROM pg_roles WHERE rolname::text = $1",
    [role],
  );
  return row && (row.comment ?? '');
}

/** A comment that a person has edited counts as no memory: then the base login's settings win. */
function parseMemory(line: string | undefined): RoleMemory {
  const nothing = { written: {}, settings: {}, attributes: [] };
  if (!line) return nothing;
  try {
    return { ...nothing, ...(JSON.parse(line.slice(MARK.length)) as Partial<RoleMemory>) };
  } catch {
    return nothing;
  }
}

export function digest(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 16);
}
