import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { judgeAws } from '../../../../../packages/consumer/contracts/verdicts/aws.ts';
import type { Verdict } from '../../../../../packages/consumer/contracts/verdicts/verdict.ts';
import { common, type Rows, rows } from './aws-rows.ts';

const require = createRequire(import.meta.url);
const words = (text = '') => text.trim().split(/\s+/).filter(Boolean);
const verdicts: readonly Verdict[] = ['refused', 'wrong', 'not-now', 'unknown'];
const ROOT = join(import.meta.dirname, '../../../../..');

/** Every operation that a function of the pipeline or the library imports the command of, by client. */
function operationsInUse(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const folder of ['pipeline', 'handlers', 'packages/consumer']) {
    for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || /node_modules|dist\//.test(file)) continue;
      const text = readFileSync(join(ROOT, folder, file), 'utf8');
      for (const [, names = '', client = ''] of text.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-([\w-]+)'/g)) {
        for (const [, operation = ''] of names.matchAll(/\b(\w+)Command\b/g)) {
          found.set(client, (found.get(client) ?? new Set()).add(operation));
        }
      }
    }
  }
  return found;
}

/** What the SDK's model lists for an operation, as its declarations say it. */
function modelledErrors(client: string, operation: string): string[] {
  const home = dirname(require.resolve(`@aws-sdk/client-${client}/package.json`));
  const text = readFileSync(join(home, 'dist-types/commands', `${operation}Command.d.ts`), 'utf8');
  return [...text.matchAll(/@throws \{@link (\w+)\} \((?:client|server) fault\)/g)].map(([, name]) => name!);
}

/** The error as the SDK makes it, and as it comes where its class is left out of a bundle: with the code of the wire. */
function made(client: string, name: string, message = 'what the service says'): Error[] {
  const sdk = require(`@aws-sdk/client-${client}`) as Record<string, any>;
  const [, , , traits] = sdk[`${name}$`] as [number, string, string, Record<string, any>];
  const [code, status] = traits.awsQueryError ?? [name, traits.httpError ?? (traits.error === 'server' ? 500 : 400)];
  const metadata = { $metadata: { httpStatusCode: status } };
  return [
    new sdk[name]({ message, ...metadata }),
    Object.assign(new Error(message), { name: code, $fault: traits.error, ...metadata }),
  ];
}

const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

test('every operation in use has its rows, and no other has', () => {
  const used = [...operationsInUse()].flatMap(([client, names]) => [...names].map((name) => `${client} ${name}`));
  const named = Object.entries(rows).flatMap(([client, row]) => words(row.operations).map((one) => `${client} ${one}`));
  expect(used.length).toBeGreaterThan(35);
  expect(sorted(named)).toEqual(sorted(used));
});

describe.each(Object.entries(rows))('%s', (client, row: Rows) => {
  test('has one row for each error that the model lists for the operations in use', () => {
    const modelled = words(row.operations).flatMap((operation) => modelledErrors(client, operation));
    expect(verdicts.flatMap((verdict) => words(row[verdict])).sort()).toEqual(sorted(modelled));
  });

  for (const verdict of verdicts) {
    const names = words(row[verdict]);
    if (names.length === 0) continue;
    test.each(names)(`%s says ${verdict}`, (name) => {
      for (const error of made(client, name)) expect([error.name, judgeAws(error)]).toEqual([error.name, verdict]);
    });
  }
});

describe.each(verdicts)('what any service may answer: %s', (verdict) => {
  test.each(words(common[verdict]))('%s', (name) => {
    const error = Object.assign(new Error('what the service says'), {
      name,
      $fault: 'client',
      $metadata: { httpStatusCode: 400 },
    });
    expect(judgeAws(error)).toBe(verdict);
  });
});

test('a KMS key of Parameter Store that is disabled or waits for its deletion passes; one that is none does not', () => {
  const judged = (message: string) => made('ssm', 'InvalidKeyId', message).map(judgeAws);
  expect(judged('arn:aws:kms:eu-central-1:111122223333:key/1 is disabled.')).toEqual(['not-now', 'not-now']);
  expect(judged('arn:aws:kms:eu-central-1:111122223333:key/1 is pending deletion.')).toEqual(['not-now', 'not-now']);
  expect(judged("The query key ID isn't valid.")).toEqual(['wrong', 'wrong']);
});

test('a name that no table knows is judged by what the SDK and the status say of it', () => {
  const error = (more: object) => Object.assign(new Error('no'), { name: 'SomethingNew' }, more);
  const answered = (httpStatusCode: number) => error({ $metadata: { httpStatusCode } });
  expect(judgeAws(error({ $retryable: {}, $metadata: { httpStatusCode: 400 } }))).toBe('not-now');
  expect([500, 502, 503, 429, 408].map((status) => judgeAws(answered(status)))).toEqual(Array(5).fill('not-now'));
  expect([401, 403].map((status) => judgeAws(answered(status)))).toEqual(['refused', 'refused']);
  expect([400, 404, 409].map((status) => judgeAws(answered(status)))).toEqual(Array(3).fill('unknown'));
});

test('a call that nobody answered is a matter of the network', () => {
  const unreachable = Object.assign(new Error('connect ECONNREFUSED'), {
    code: 'ECONNREFUSED',
    $metadata: { attempts: 3 },
  });
  expect(judgeAws(unreachable)).toBe('not-now');
  expect(judgeAws(Object.assign(new Error('no'), { code: 'SELF_SIGNED_CERT_IN_CHAIN' }))).toBe('wrong');
  expect(judgeAws(new Error('no'))).toBe('unknown');
  expect(judgeAws(undefined)).toBe('unknown');
});
