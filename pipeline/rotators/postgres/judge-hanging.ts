import { mappingsApart } from './default-privileges.ts';
import { type Examined, mayLoseRole, presentLogins, statementThatMakes } from './examined.ts';
import { grantsNotGivable, ownsSchemas, schemasClosed } from './follow-grants.ts';
import { quoteForReading } from './quote-for-reading.ts';
import { judgeAttributes } from './role-attributes.ts';
import { settingsOutOfReach } from './role-settings.ts';
import { judgePolicies } from './row-policies.ts';
import { judgeSuperusersObjects } from './superusers-objects.ts';
import type { TargetFinding } from './target-finding.ts';

/**
 * What hangs on the logins and cannot be carried over: each refuses a rotation, in `plan`, in `set` and in the audit alike,
 * with the statement that puts it right. Reads only.
 */
export async function judgeHanging(examined: Examined): Promise<TargetFinding[]> {
  // What is missing is said by the roles' own findings.
  if (!examined.state.roles.has(examined.names.base) || !examined.state.roles.has(examined.owner)) return [];
  return [
    ...judgeOtherSecret(examined),
    ...judgeEnd(examined),
    ...judgeAttributes(examined),
    ...(await judgeSettings(examined)),
    ...(await judgeGrants(examined)),
    ...(await judgeMappings(examined)),
    ...(await judgePolicies(examined)),
    ...(await judgeSuperusersObjects(examined)),
  ];
}

/** Each secret would give the logins passwords that the other does not know. */
export function judgeOtherSecret({
  memory,
  secretArn,
  names,
}: Pick<Examined, 'memory' | 'secretArn' | 'names'>): TargetFinding[] {
  if (memory.secret === undefined || memory.secret === secretArn) return [];
  return [
    {
      code: 'LoginShared',
      blocks: true,
      text: `${names.base} and ${names.second} belong to another secret, ${memory.secret}: two secrets that hold one login break each other. Remove one of them from the manifest, and let its consumers read the other. If that secret is gone, or this server is a copy of its server, this one may have the logins.`,
      statement: `COMMENT ON ROLE ${quoteForReading(names.second)} IS NULL`,
    },
  ];
}

function judgeEnd({ state, names }: Examined): TargetFinding[] {
  return presentLogins({ names, state }).flatMap((login): TargetFinding[] => {
    const role = state.roles.get(login)!;
    const statement = `ALTER ROLE ${quoteForReading(login)} VALID UNTIL 'infinity'`;
    // A login that is disabled gets its end from the one in use.
    if (role.ends === null || !role.canLogin) return [];
    const text = `${login} is valid until ${role.validUntil}`;
    if (role.ends === 'later')
      return [{ code: 'LoginEnds', blocks: false, text: `${text}; so will the other login be.`, statement }];
    const ended =
      role.ends === 'past'
        ? 'which has passed: its password is refused (28P01).'
        : 'less than a day away: a rotation would copy that end.';
    return [{ code: 'LoginEnded', blocks: true, text: `${text}, ${ended}`, statement }];
  });
}

async function judgeSettings(examined: Examined): Promise<TargetFinding[]> {
  const { reading, names, memory, state } = examined;
  const found = await settingsOutOfReach(reading, names, memory.settings);
  return found.map(({ name, role, statement }) => {
    const administrator = quoteForReading(state.administrator);
    const create = state.roles.has(role) ? '' : `${statementThatMakes(role, examined)}; `;
    return {
      code: 'SettingNotGivable',
      blocks: true,
      text: `Role setting ${name} of one login is for a superuser to set, and ${state.administrator} may not give it to ${role}.`,
      statement:
        reading.serverVersion >= 150_000 ? `GRANT SET ON PARAMETER ${name} TO ${administrator}` : create + statement,
    };
  });
}

async function judgeGrants({ reading, names, owner, state }: Examined): Promise<TargetFinding[]> {
  const findings: TargetFinding[] = [];
  for (const login of presentLogins({ names, state }).filter((name) => name !== owner)) {
    const missing = await grantsNotGivable(reading, login, owner);
    if (missing.length > 0) {
      const owners = [...new Set(missing.flatMap((grant) => grant.owner ?? []))];
      const person = owners.length > 0 ? `${owners.join(', ')} (or a superuser)` : 'A role that may';
      findings.push({
        code: 'GrantNotGivable',
        blocks: true,
        text: `${login} was given what ${owner} lacks, as which both logins act, and ${state.administrator} may not give it. ${person} can.`,
        statement: missing.map(({ statement }) => statement).join('; '),
      });
    }
    if (await ownsSchemas(reading, login)) {
      findings.push({
        code: 'SchemaClosed',
        blocks: true,
        text: `${login} owns a schema that is to belong to ${owner}, and ${state.administrator} may not create in ${state.database}.`,
        statement: `GRANT CREATE ON DATABASE ${quoteForReading(state.database)} TO ${quoteForReading(state.administrator)}`,
      });
    }
    const schemas = await schemasClosed(reading, login, owner);
    if (schemas.length === 0) continue;
    const [places, role] = [schemas.map(quoteForReading).join(', '), quoteForReading(owner)];
    findings.push({
      code: 'SchemaClosed',
      blocks: true,
      text: `${login} owns objects in ${places}, where ${owner} may not create any, so it cannot own them.`,
      statement: `GRANT CREATE ON SCHEMA ${places} TO ${role}`,
    });
  }
  return findings;
}

/** Sessions act as the owner role; behind a proxy that loses the role also as each login. */
async function judgeMappings({ reading, names, owner, state, settings }: Examined): Promise<TargetFinding[]> {
  const logins = presentLogins({ names, state });
  const users = new Set([owner, ...(mayLoseRole(settings) ? logins : [])]);
  const findings: TargetFinding[] = [];
  for (const from of new Set([...logins, owner])) {
    for (const user of users) {
      if (user === from) continue;
      for (const { server, statement } of await mappingsApart(reading, from, user)) {
        const text = `${from} has a user mapping for server ${server}, ${user} has none: sessions act as ${user}, so their queries there fail. Only a person can copy its options.`;
        findings.push({ code: 'UserMappingApart', blocks: true, text, statement });
      }
    }
  }
  return findings;
}
