import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import type * as v from 'valibot';
import { JwtPayload, StoredJwtPayload } from '../../../packages/consumer/contracts/jwt.ts';
import { AuditRequest } from '../../../pipeline/contracts/audit.ts';
import { eventDetails } from '../../../pipeline/contracts/events.ts';
import { RotationRequest } from '../../../pipeline/contracts/execution.ts';
import { FleetRequest } from '../../../pipeline/contracts/fleet.ts';
import { parseManifest } from '../../../pipeline/contracts/manifest/manifest-safety.ts';
import { parse } from '../../../pipeline/contracts/parse.ts';
import { PostgresPayload, SuperuserPayload } from '../../../pipeline/contracts/payloads/postgres.ts';
import { Report } from '../../../pipeline/contracts/report.ts';
import { RotationEvent, WorkflowRequest } from '../../../pipeline/contracts/rotation-event.ts';
import { ApiKeySettings } from '../../../pipeline/contracts/settings/api-key.ts';
import { SecretSettings } from '../../../pipeline/contracts/settings/secret.ts';
import { ButtonEvent, WidgetEvent } from '../../../pipeline/dashboard/widget-event.ts';
import { KeyturnError } from '../../../pipeline/errors.ts';
import { ParameterChange } from '../../../pipeline/propagation/sync-parameter.ts';
import { createApiKeyRotator } from '../../../pipeline/rotators/api-key/api-key-rotator.ts';
import { createJwtRotator } from '../../../pipeline/rotators/jwt/jwt-rotator.ts';
import { parsePayload } from '../../../pipeline/rotators/parse-payload.ts';
import { createPostgresRotator } from '../../../pipeline/rotators/postgres/postgres-rotator.ts';
import { byExtent } from '../../extent.ts';

const RUNS = byExtent({ short: 500, wide: 500, long: 50_000 });
let tried = 0;
afterAll(() => console.info(`inputs tried: ${tried}`));

const ARN = 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:app/db-AbCdEf';
const TOKEN = `keyturn-${'0'.repeat(40)}`;
const SECRET = 'sEcReT-vAlUe-0123456789';

/** A good input of each kind; the tests break it, one place at a time, and put whatever in its place. */
const good = {
  'rotation event': [RotationEvent, { Step: 'createSecret', SecretId: ARN, ClientRequestToken: TOKEN }],
  'workflow request': [
    WorkflowRequest,
    {
      operation: 'Retire',
      secretArn: ARN,
      versionId: TOKEN,
      previousVersionId: TOKEN,
      promotedAt: '2026-03-01T00:00:00Z',
    },
  ],
  'execution input': [RotationRequest, { startedBy: 'console', secretId: 'app/db', operation: 'rotate', force: false }],
  'fleet input': [FleetRequest, { group: 'a', canaries: ['app/db'], tag: { key: 'a', value: 'b' }, maxConcurrency: 3 }],
  'audit request': [AuditRequest, {}],
  report: [
    Report,
    { report: 'promoted', executionArn: 'arn:aws:x', startedAt: '2026-03-01T00:00:00Z', plan: planOf() },
  ],
  'widget event': [WidgetEvent, { describe: false, widgetContext: { theme: 'dark', width: 3 } }],
  'button event': [
    ButtonEvent,
    { operation: 'rotate', secretArn: ARN, secretName: 'app/db', press: '2f9b2f7e-9f4e-4f7e-8f6e-1c2d3e4f5a6b' },
  ],
  'parameter change': [
    ParameterChange,
    {
      id: '1',
      source: 'aws.ssm',
      'detail-type': 'Parameter Store Change',
      time: '2026-03-01T00:00:00Z',
      resources: ['arn:aws:ssm:x'],
      detail: { operation: 'Update', name: '/a' },
    },
  ],
  'event of the story': [
    eventDetails['Secret Promoted'],
    { schemaVersion: 1, id: '1', secretArn: ARN, secretName: 'app/db', versionId: TOKEN },
  ],
  'secret settings': [
    SecretSettings,
    {
      schemaVersion: 1,
      name: 'app/db',
      kind: 'postgres',
      rotator: {},
      gracePeriodSeconds: 1,
      promotionTimeoutSeconds: 10,
      consumers: [],
      checks: [],
      mirrors: [{ to: 'replica', region: 'eu-west-1' }],
    },
  ],
  'vendor described as data': [ApiKeySettings, { provider: 'generated', acceptPreviousSeconds: 3600 }],
} as const satisfies Record<string, readonly [v.GenericSchema, object]>;

function planOf() {
  return {
    path: 'requested',
    secretArn: ARN,
    secretName: 'app/db',
    kind: 'jwt',
    startedBy: 'hand',
    versionId: TOKEN,
    gracePeriodSeconds: 1,
    convergenceBoundSeconds: 1,
  };
}

/** Whatever JSON may hold, with what breaks careless code more often than chance would. */
const anything = fc.oneof(
  { arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<unknown>, weight: 4 },
  {
    arbitrary: fc.constantFrom<unknown>(
      null,
      '',
      [],
      {},
      -1,
      1e21,
      'x'.repeat(70_000),
      '__proto__',
      'constructor',
      '\u0000',
    ),
    weight: 2,
  },
  { arbitrary: fc.string({ unit: 'binary' }) as fc.Arbitrary<unknown>, weight: 1 },
);

type Path = readonly (string | number)[];

/** Every place of a document. */
function places(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inner = Array.isArray(value) ? value.map((item, index) => [index, item] as const) : Object.entries(value);
  return [path, ...inner.flatMap(([key, item]) => places(item, [...path, key]))];
}

/** A copy with something else at a place, without it, or with something beside it. */
function broken(document: unknown, path: Path, how: 'replace' | 'remove' | 'add', by: unknown): unknown {
  const copy = structuredClone(document);
  const [last] = path.slice(-1);
  if (last === undefined) return by;
  const parent = path.slice(0, -1).reduce<any>((at, key) => at[key], copy);
  if (how === 'remove') delete parent[last];
  else
    Object.defineProperty(parent, how === 'add' ? `${last}x` : last, {
      value: by,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  return copy;
}

const breaking = (document: unknown) =>
  fc
    .record({
      path: fc.constantFrom(...places(document)),
      how: fc.constantFrom('replace', 'remove', 'add' as const),
      by: anything,
    })
    .map(({ path, how, by }) => broken(document, path, how as 'replace', by));

/** Accepts, or throws an error of ours that says what it is about; nothing else. */
function acceptsOrSays(read: () => unknown, ...what: RegExp[]): void {
  tried += 1;
  try {
    read();
  } catch (error) {
    if (!(error instanceof KeyturnError))
      throw new Error(`threw ${(error as Error)?.constructor?.name}`, { cause: error });
    for (const one of what) expect(error.message).toMatch(one);
    expect(error.code).toMatch(/^[A-Z][A-Za-z]+$/);
    // It names places and expectations: a message that carries the input along would be as long as it.
    expect(error.message.length).toBeLessThan(5_000);
  }
}

test.each(Object.entries(good))('%s: good is accepted, whatever else is accepted or named', (name, [
  schema,
  document,
]) => {
  expect(() => parse(`The ${name}`, schema, document)).not.toThrow();
  fc.assert(
    fc.property(fc.oneof(breaking(document), anything), (input) =>
      acceptsOrSays(() => parse(`The ${name}`, schema, input), /^The .* is not valid: .*: expected .*, came /s),
    ),
    { numRuns: RUNS },
  );
});

test('manifest: whatever is broken in a good one is accepted or named', () => {
  const manifest = JSON.parse(readFileSync('examples/keyturn.json', 'utf8'));
  expect(() => parseManifest(manifest)).not.toThrow();
  fc.assert(
    fc.property(fc.oneof(breaking(manifest), anything), (input) => acceptsOrSays(() => parseManifest(input))),
    { numRuns: RUNS },
  );
});

const dependencies = {} as never;
const rotators = {
  postgres: [
    createPostgresRotator(dependencies),
    { engine: 'postgres', host: 'db', port: 5432, dbname: 'app', username: 'app', password: SECRET },
  ],
  jwt: [
    createJwtRotator(dependencies),
    { jwt_secret_key: SECRET, jwt_algorithm: 'HS256', jwt_access_token_expire_minutes: '30' },
  ],
  'api-key': [createApiKeyRotator(dependencies), { api_key: SECRET, api_key_id: 'id' }],
} as const;

describe.each(Object.entries(rotators))('payload of %s', (_, [rotator, document]) => {
  test('good is accepted, and what is written back is what was read', () => {
    const text = JSON.stringify(document);
    expect(JSON.parse(rotator.serialize(rotator.parse(ARN, text) as never))).toEqual(document);
  });

  test('broken JSON and broken members are named by secret and place, and no value is in the message', () => {
    const texts = fc.oneof(
      breaking(document).map((value) => JSON.stringify(value) ?? ''),
      fc.string({ unit: 'binary' }),
      // Cut off, as a value that somebody pasted.
      fc.nat(JSON.stringify(document).length).map((length) => JSON.stringify(document).slice(0, length)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        acceptsOrSays(() => rotator.parse(ARN, text), /^arn:.*: expected /s);
        try {
          rotator.parse(ARN, text);
        } catch (error) {
          expect(String(error)).not.toContain(SECRET);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

test.each([
  ['a superuser secret', SuperuserPayload],
  ['a reader of a JWT secret', JwtPayload],
  ['what is stored of a JWT secret', StoredJwtPayload],
  ['a database secret', PostgresPayload],
] as const)('%s: whatever text comes, it is accepted or named', (_, schema) => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string({ unit: 'binary' })), (text) =>
      acceptsOrSays(() => parsePayload(ARN, schema, text), /^arn:.*: expected /s),
    ),
    { numRuns: RUNS },
  );
});

test('a broken input would be found: a reader that trusts what comes fails this very property', () => {
  const trusting = (input: any) => input.Step.toUpperCase();
  const property = fc.property(anything, (input) => acceptsOrSays(() => trusting(input)));
  expect(fc.check(property, { numRuns: 200 }).failed).toBe(true);
});
