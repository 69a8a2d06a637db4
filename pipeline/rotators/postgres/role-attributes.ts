import { type Examined, statementThatMakes } from './examined.ts';
import type { LoginNames } from './login-names.ts';
import { quoteForReading } from './quote-for-reading.ts';
import type { TargetFinding } from './target-finding.ts';
import type { Statements } from './transaction.ts';

/** What a role may do by itself; LOGIN, limit and end are the rotation's own. */
export const attributes = ['REPLICATION', 'BYPASSRLS', 'CREATEDB', 'CREATEROLE'] as const;
export type Attribute = (typeof attributes)[number];

export interface AttributeChange {
  readonly role: string;
  readonly attribute: Attribute;
  readonly gives: boolean;
}

/**
 * What a rotation changes of the roles' attributes. Pure.
 * 1. Both logins have the same: the one that was changed since they were last the same counts, else the base's.
 * 2. Sessions act as the owner role: it gets what the logins have, once; who takes it from the owner role takes it for good.
 *    REPLICATION is asked of the login.
 */
export function planAttributes({
  names,
  owner,
  state,
  memory,
}: Pick<Examined, 'names' | 'owner' | 'state' | 'memory'>): {
  changes: AttributeChange[];
  agreed: Attribute[];
} {
  const of = (role: string, attribute: Attribute) => state.roles.get(role)?.attributes.includes(attribute) ?? false;
  const changes: AttributeChange[] = [];
  const agreed: Attribute[] = [];
  for (const attribute of attributes) {
    const was = memory.attributes.includes(attribute);
    const ofBase = of(names.base, attribute);
    const ofSecond = state.roles.has(names.second) ? of(names.second, attribute) : ofBase;
    const gives = ofBase === was ? ofSecond : ofBase;
    if (gives) agreed.push(attribute);
    if (ofBase !== gives) changes.push({ role: names.base, attribute, gives });
    if (of(names.second, attribute) !== gives) changes.push({ role: names.second, attribute, gives });
    const isForOwner = owner !== names.base && attribute !== 'REPLICATION';
    if (isForOwner && gives && !was && !of(owner, attribute)) changes.push({ role: owner, attribute, gives });
  }
  return { changes, agreed };
}

/** Up to version 15 only a superuser gives the first two; from 16 on an administrator gives what it has itself. */
function mayGive(examined: Pick<Examined, 'state' | 'reading'>, attribute: Attribute): boolean {
  const { state, reading } = examined;
  if (state.isSuperuser) return true;
  if (reading.serverVersion >= 160_000) return state.ownAttributes.includes(attribute);
  return attribute === 'CREATEDB' || attribute === 'CREATEROLE';
}

export function judgeAttributes(examined: Examined): TargetFinding[] {
  const { state } = examined;
  // The roles' own finding comes first: nothing of such a role can be altered.
  if ([...state.roles.values()].some(({ administrable }) => !administrable)) return [];
  const refused = planAttributes(examined).changes.filter(({ attribute }) => !mayGive(examined, attribute));
  return [...new Set(refused.map(({ role }) => role))].map((role) => {
    const words = refused
      .filter((change) => change.role === role)
      .map(({ attribute, gives }) => (gives ? '' : 'NO') + attribute);
    const statement = state.roles.has(role)
      ? `ALTER ROLE ${quoteForReading(role)} ${words.join(' ')}`
      : statementThatMakes(role, examined, words);
    return {
      code: 'AttributeNotGivable',
      blocks: true,
      text: `${role} needs ${words.join(', ')} as the other login has it, and ${state.administrator} may not change that.`,
      statement,
    };
  });
}

export async function followAttributes(
  statements: Statements,
  pair: { names: LoginNames; owner: string } & Pick<Examined, 'state' | 'memory'>,
): Promise<Attribute[]> {
  const { changes, agreed } = planAttributes(pair);
  for (const { role, attribute, gives } of changes) {
    await statements.execute(`ALTER ROLE %I ${gives ? '' : 'NO'}${attribute}`, role);
  }
  return agreed;
}
