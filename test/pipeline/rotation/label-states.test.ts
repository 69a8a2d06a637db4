import type { RotationRequest } from '../../../pipeline/contracts/execution.ts';
import type { SecretDescription } from '../../../pipeline/rotation/secret-store.ts';
import { versionLabels } from '../../../pipeline/rotation/version-labels.ts';
import { decide, workflowToken } from '../../../pipeline/workflow/decide.ts';
import { type Laptop, openLaptop } from '../rotators/native-rotation.ts';
import { type PairOperation, pairs, rowsOf, type StateName, singles, states, versionsOf } from './label-states.ts';
import { idOf, type LabelledSecret, labelledSecret, type State, sorted } from './labelled-secret.ts';

let laptop: Laptop;
beforeAll(async () => {
  laptop = await openLaptop();
});
afterAll(() => laptop.close());

const stateNames = Object.keys(states) as StateName[];
const refusals: Record<string, string> = { VersionsUnrelated: '!', RollBackImpossible: 'i', StepRefused: 'm' };

/** What an operation answered, in the table's letters. */
async function letterOf(asked: Promise<unknown>): Promise<string> {
  try {
    const answer = ((await asked) ?? {}) as Record<string, unknown>;
    if (answer.verdict) return answer.verdict === 'superseded' ? 's' : 'E';
    if (answer.supported) return 'V';
    if (answer.repaired) return 'M';
    if ('abandoned' in answer) return answer.abandoned ? 'A' : 'p';
    return answer.rolledBack || answer.retired ? 'R' : 's';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return refusals[code] ?? `${code}: ${message}`;
  }
}

const changes = (letter: string) => 'RMA'.includes(letter);

const requestOf = (operation: PairOperation, versionId: string, previousVersionId: string) => ({
  operation,
  versionId: idOf(versionId),
  previousVersionId: idOf(previousVersionId),
  promotedAt: laptop.clock.now().toISOString(),
  code: 'CurrentRefused',
});

test.each(Object.entries({ ...pairs, ...singles }))('the table of %s has every cell', (operation, table) => {
  expect(Object.keys(table)).toEqual(stateNames);
  for (const name of stateNames) {
    const rows = rowsOf(table[name]);
    expect(rows.map(([version]) => version)).toEqual(versionsOf(name));
    for (const [, cells] of rows) expect(cells).toHaveLength(operation in pairs ? versionsOf(name).length : 1);
  }
});

/**
 * Of each state, one pair of versions for each letter of its table: version-relations.test.ts holds every pair, without a
 * secret.
 */
function oneOfEachLetter(operation: PairOperation, name: StateName): [string, string, string][] {
  const cells = rowsOf(pairs[operation][name]).flatMap(([versionId, letters]) =>
    letters.map((letter, at): [string, string, string] => [letter, versionId, String(versionsOf(name)[at])]),
  );
  return cells.filter(([letter], at) => cells.findIndex(([other]) => other === letter) === at);
}

describe.each(Object.keys(pairs) as PairOperation[])('%s', (operation) => {
  test.each(stateNames)('%s', async (name) => {
    let labelled = await labelledSecret(laptop, states[name]);
    for (const [expected, versionId, previousVersionId] of oneOfEachLetter(operation, name)) {
      const request = requestOf(operation, versionId, previousVersionId);
      const letter = await letterOf(labelled.secret.invoke({ ...request, secretArn: labelled.secret.arn }));
      expect({ versionId, previousVersionId, letter }).toEqual({ versionId, previousVersionId, letter: expected });
      if (changes(letter)) {
        await expectDone(operation, labelled, { name, versionId, previousVersionId });
        labelled = await labelledSecret(laptop, states[name]);
      } else {
        expect({ versionId, previousVersionId, state: await labelled.state(), writes: labelled.writes }).toEqual({
          versionId,
          previousVersionId,
          state: sorted(states[name]),
          writes: [],
        });
      }
    }
  });
});

/** The labels are those of its end, and a second call finds nothing else to do. */
async function expectDone(
  operation: PairOperation,
  labelled: LabelledSecret,
  { name, versionId, previousVersionId }: { name: StateName; versionId: string; previousVersionId: string },
): Promise<void> {
  const ended = await labelled.state();
  if (operation === 'RollBack') {
    expect(ended[previousVersionId]).toContain('AWSCURRENT');
    expect(ended[versionId]).toEqual(expect.arrayContaining(['AWSPREVIOUS', 'KEYTURN_FAILED']));
    expect(ended[versionId]).toHaveLength(2);
    expect([[], ['restore']]).toContainEqual(labelled.writes);
  } else if (operation === 'Retire') {
    expect(ended[versionId]).toContain('AWSCURRENT');
    expect(ended[versionId]).not.toContain('KEYTURN_IN_FLIGHT');
    expect(labelled.writes).toEqual(['retire']);
  } else {
    expect(labelled.writes).toEqual(['repair']);
  }
  const again = requestOf(operation, versionId, previousVersionId);
  const letter = await letterOf(labelled.secret.invoke({ ...again, secretArn: labelled.secret.arn }));
  // Its rotation is closed, and a version is AWSPENDING that may be another rotation's candidate.
  const isOvertaken = operation === 'Retire' && name === 'a roll-back cut off, and rotated since';
  expect(letter).toBe(operation === 'Repair' ? 'M' : isOvertaken ? 's' : 'R');
  expect(await labelled.state()).toEqual(ended);
}

describe('Abandon', () => {
  test.each(stateNames)('%s', async (name) => {
    const seen: string[] = [];
    for (const versionId of versionsOf(name)) {
      const labelled = await labelledSecret(laptop, states[name]);
      const request = { operation: 'Abandon', secretArn: labelled.secret.arn, versionId: idOf(versionId) };
      const letter = await letterOf(labelled.secret.invoke(request));
      seen.push(`${versionId}: ${letter}`);
      const stages: readonly string[] = (states[name] as State)[versionId] ?? [];
      const isCandidate = letter === 'A' && !stages.includes('KEYTURN_FAILED');
      const isStale = letter !== '!' && !stages.includes('AWSCURRENT');
      const gone = [...(isStale ? ['AWSPENDING'] : []), ...(isCandidate ? ['KEYTURN_IN_FLIGHT'] : [])];
      const left = { ...states[name], [versionId]: stages.filter((stage) => !gone.includes(stage)) };
      expect(await labelled.state()).toEqual(sorted(left));
      expect(labelled.writes).toEqual(isCandidate && stages.includes('KEYTURN_IN_FLIGHT') ? ['abandon'] : []);
      expect(await letterOf(labelled.secret.invoke(request))).toBe(letter);
      expect(await labelled.state()).toEqual(sorted(left));
    }
    expect(seen.join(' | ')).toBe(singles.Abandon[name]);
  });
});

describe('a step of Secrets Manager', () => {
  test.each(stateNames)('%s', async (name) => {
    const labelled = await labelledSecret(laptop, states[name]);
    const seen: string[] = [];
    for (const versionId of versionsOf(name)) {
      labelled.tested.length = 0;
      const step = { Step: 'testSecret', SecretId: labelled.secret.arn, ClientRequestToken: idOf(versionId) };
      const letter = await labelled.secret.invoke(step).then(
        () => (labelled.tested.length > 0 ? 'T' : 'd'),
        (error) => (error.code === 'StepRefused' ? 'r' : String(error)),
      );
      seen.push(`${versionId}: ${letter}`);
    }
    expect(seen.join(' | ')).toBe(singles.testSecret[name]);
  });
});

/** What an execution of the workflow makes of its input. */
function decisionOf(name: StateName, request: RotationRequest): string {
  const ids = Object.fromEntries(Object.entries(states[name]).map(([version, stages]) => [idOf(version), stages]));
  const arn = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf';
  const secret = { arn, name: 'app/db', ...versionLabels(ids) } as unknown as SecretDescription;
  try {
    const { path, previousVersionId } = decide(request, secret, { gracePeriodSeconds: 600, rotated: true }, 'e');
    return path === 'nothing-to-do' ? '-' : `<${previousVersionId?.[0]}`;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return refusals[code] ?? `${code}: ${message}`;
  }
}

const asked = { retireNow: false, emergency: false, force: false } as const;
const inputs: Record<'native' | 'hand' | 'roll-back', (secretId: string, versionId: string) => RotationRequest> = {
  native: (secretId, versionId) => ({ startedBy: 'native', secretId, versionId }),
  hand: (secretId, versionId) => ({ startedBy: 'hand', secretId, versionId }),
  'roll-back': (secretId, expectedVersionId) => ({
    ...{ startedBy: 'console', secretId, operation: 'roll-back', expectedVersionId },
    ...asked,
  }),
};

describe.each(['native', 'hand', 'roll-back'] as const)('an execution: %s', (input) => {
  test.each(stateNames)('%s', (name) => {
    const seen = versionsOf(name).map(
      (version) => `${version}: ${decisionOf(name, inputs[input]('app/db', idOf(version)))}`,
    );
    expect(seen.join(' | ')).toBe(singles[input][name]);
  });
});

test('an execution does not adopt a rotation of the workflow’s own', () => {
  const token = `keyturn-${'0'.repeat(40)}`;
  const secret = { name: 'app/db', ...versionLabels({ a: ['AWSCURRENT'], [token]: ['AWSPENDING'] }) };
  const request = { startedBy: 'native', secretId: 'app/db', versionId: token } as const;
  expect(() =>
    decide(request, secret as unknown as SecretDescription, { gracePeriodSeconds: 1, rotated: true }, 'e'),
  ).toThrow(
    expect.objectContaining({ code: 'VersionsUnrelated', message: expect.stringContaining('Its own execution') }),
  );
});

/** The token that an execution's name determines. */
const OWN = workflowToken('e');

test.each<[string, Record<string, string[]>, 'goes on' | 'VersionsUnrelated']>([
  ['its token is AWSPENDING', { a: ['AWSCURRENT'], [OWN]: ['AWSPENDING'] }, 'goes on'],
  ['its token is current', { a: ['AWSPREVIOUS'], [OWN]: ['AWSCURRENT', 'KEYTURN_IN_FLIGHT'] }, 'goes on'],
  ['its token is nowhere', { a: ['AWSCURRENT'] }, 'goes on'],
  ['its token has lost AWSPENDING', { a: ['AWSCURRENT'], [OWN]: ['KEYTURN_IN_FLIGHT'] }, 'goes on'],
  [
    'its token failed its checks',
    { a: ['AWSPREVIOUS'], [OWN]: ['AWSCURRENT', 'KEYTURN_FAILED', 'KEYTURN_IN_FLIGHT'] },
    'VersionsUnrelated',
  ],
  ['its token was rolled back', { a: ['AWSCURRENT'], [OWN]: ['AWSPREVIOUS', 'KEYTURN_FAILED'] }, 'VersionsUnrelated'],
  ['its token was replaced', { b: ['AWSCURRENT'], [OWN]: ['AWSPREVIOUS', 'KEYTURN_IN_FLIGHT'] }, 'VersionsUnrelated'],
])('Prepare runs a second time in an execution, and %s', (_case, stages, expected) => {
  const secret = { name: 'app/db', rotationFunctionArn: 'arn:aws:lambda', ...versionLabels(stages) };
  const request = { startedBy: 'console', secretId: 'app/db', operation: 'rotate', ...asked } as const;
  const deciding = () =>
    decide(request, secret as unknown as SecretDescription, { gracePeriodSeconds: 1, rotated: true }, 'e');
  if (expected === 'goes on') expect(deciding()).toMatchObject({ path: 'requested', versionId: OWN });
  else expect(deciding).toThrow(expect.objectContaining({ code: expected }));
});
