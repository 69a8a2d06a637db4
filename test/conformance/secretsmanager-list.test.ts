import { randomBytes } from 'node:crypto';
import {
  BatchGetSecretValueCommand,
  type BatchGetSecretValueCommandInput,
  DeleteSecretCommand,
  type Filter,
  ListSecretsCommand,
  type ListSecretsCommandInput,
  type SecretListEntry,
} from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { eventually, refusal } from './endpoint.ts';
import { openSecrets, type Secrets } from './secrets.ts';

let secrets: Secrets;
/** In every name, so that what else an account holds is not in the way. */
const mark = `m${randomBytes(5).toString('hex')}`;
/** The tests' short names for the secrets. */
const short = new Map<string, string>();

const samples = {
  one: { name: `testing1/one-${mark}`, Description: 'a secret' },
  two: { name: `/testing2/two-${mark}`, Description: 'an secret', Tags: [{ Key: 'Team', Value: 'Blue sky' }] },
  three: { name: `SecretThree-${mark}`, Description: 'asecret', Tags: [{ Key: 'Stage', Value: 'Blueprint' }] },
  four: { name: `uat/COMPANYthings/${mark}`, Description: 'thesecret' },
} as const;

beforeAll(async () => {
  secrets = await openSecrets();
  for (const [key, { name, ...input }] of Object.entries(samples)) {
    const made = await secrets.make(key, { Name: name, SecretString: key, ...(input as object) });
    short.set(made.arn, key);
  }
  // AWS takes up to some minutes before a new secret is listed.
  await eventually(async () => {
    const found = await listed([{ Key: 'all', Values: [mark] }]);
    return found.length === Object.keys(samples).length ? found : undefined;
  }, 300);
}, 400_000);
afterAll(() => secrets.close());

async function list(input: ListSecretsCommandInput): Promise<SecretListEntry[]> {
  const entries: SecretListEntry[] = [];
  let NextToken: string | undefined;
  do {
    const page = await secrets.send(new ListSecretsCommand({ ...input, NextToken }));
    entries.push(...page.SecretList!);
    NextToken = page.NextToken;
  } while (NextToken);
  return entries;
}

/** Which of the samples match, by their short names. */
async function listed(Filters: Filter[], input: ListSecretsCommandInput = {}): Promise<string[]> {
  const entries = await list({ ...input, Filters });
  return entries.flatMap(({ ARN }) => short.get(ARN!) ?? []);
}

describe('filters', () => {
  test.each<[string, Filter[], string[]]>([
    ['a name by its beginning', [{ Key: 'name', Values: ['/'] }], ['two']],
    ['a name is not broken into words', [{ Key: 'name', Values: ['testing1 one'] }], []],
    ['a name with its case', [{ Key: 'name', Values: ['secretthree'] }], []],
    ['any of several values', [{ Key: 'name', Values: ['/testing2', 'SecretTh'] }], ['two', 'three']],
    ['a description by the beginnings of words', [{ Key: 'description', Values: ['A'] }], ['one', 'two', 'three']],
    ['all words of a value', [{ Key: 'description', Values: ['a secret'] }], ['one', 'two']],
    ['a description that does not', [{ Key: 'description', Values: ['!a'] }], ['four']],
    ['a negation that hits nothing', [{ Key: 'description', Values: ['!c'] }], ['one', 'two', 'three', 'four']],
    ['a tag’s key with its case', [{ Key: 'tag-key', Values: ['Te'] }], ['two']],
    ['a tag’s key in the wrong case', [{ Key: 'tag-key', Values: ['team'] }], []],
    ['a tag’s value by its beginning', [{ Key: 'tag-value', Values: ['Blue'] }], ['two', 'three']],
    ['a tag’s value by no other word', [{ Key: 'tag-value', Values: ['sky'] }], []],
    ['everything, in any case', [{ Key: 'all', Values: ['SECRET'] }], ['one', 'two', 'three']],
    ['a capital begins a word', [{ Key: 'all', Values: ['three'] }], ['three']],
    ['where small letters follow it', [{ Key: 'all', Values: ['Ythings'] }], ['four']],
    ['and not elsewhere', [{ Key: 'all', Values: ['things'] }], []],
    ['nor is a part of a word one', [{ Key: 'all', Values: ['pany'] }], []],
    ['a sign alone matches nothing', [{ Key: 'all', Values: ['+'] }], []],
    [
      'several filters all match',
      [
        { Key: 'description', Values: ['a'] },
        { Key: 'tag-key', Values: ['Stage'] },
      ],
      ['three'],
    ],
    [
      'the same key twice, too',
      [
        { Key: 'description', Values: ['a'] },
        { Key: 'description', Values: ['secret'] },
      ],
      ['one', 'two'],
    ],
    ['no region but replicas’ and their primaries’', [{ Key: 'primary-region', Values: ['eu'] }], []],
    ['no owner', [{ Key: 'owning-service', Values: ['rds'] }], []],
  ])('%s', async (_name, filters, expected) => {
    const narrowed = [...filters, { Key: 'all', Values: [mark] } as Filter];
    expect((await listed(narrowed)).sort()).toEqual([...expected].sort());
  });

  test('without key, without values, with an unknown key', async () => {
    const filter = (Filters: object[]) => refusal(secrets.send(new ListSecretsCommand({ Filters } as never)));
    expect(await filter([{ Values: ['x'] }])).toEqual({
      code: 'InvalidParameterException',
      message: 'Invalid filter key',
      status: 400,
    });
    expect(await filter([{ Key: 'description' }])).toMatchObject({
      code: 'InvalidParameterException',
      message: 'Invalid filter values for key: description',
    });
    expect(await filter([{ Key: 'invalid', Values: ['x'] }])).toMatchObject({
      code: 'ValidationException',
      message: expect.stringMatching(
        /^1 validation error detected: Value 'invalid' at 'filters\.1\.member\.key' failed to satisfy constraint: Member must satisfy enum value set: \[/,
      ),
    });
    expect(await filter([{ Key: 'name', Values: ['no%'] }])).toMatchObject({ code: 'ValidationException' });
  });
});

describe('entries, order and pages', () => {
  test('an entry shows labels under a name of their own', async () => {
    const entries = await list({ Filters: [{ Key: 'name', Values: [samples.two.name] }] });
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      Name: samples.two.name,
      Description: 'an secret',
      Tags: [{ Key: 'Team', Value: 'Blue sky' }],
      CreatedDate: expect.any(Date),
      LastChangedDate: expect.any(Date),
      SecretVersionsToStages: { [Object.keys(entries[0]!.SecretVersionsToStages!)[0]!]: ['AWSCURRENT'] },
    });
    expect(entries[0]).not.toHaveProperty('VersionIdsToStages');
  });

  test('by the date they were made, either way, or by name', async () => {
    const all: Filter[] = [{ Key: 'all', Values: [mark] }];
    expect(await listed(all)).toEqual(['one', 'two', 'three', 'four']);
    expect(await listed(all, { SortOrder: 'desc' })).toEqual(['four', 'three', 'two', 'one']);
    expect(await listed(all, { SortBy: 'name' })).toEqual(['two', 'three', 'one', 'four']);
  });

  test('pages of one', async () => {
    expect((await listed([{ Key: 'all', Values: [mark] }], { MaxResults: 1 })).sort()).toEqual([
      'four',
      'one',
      'three',
      'two',
    ]);
    expect(await refusal(secrets.send(new ListSecretsCommand({ NextToken: 'nonsense' })))).toMatchObject({
      code: 'InvalidNextTokenException',
    });
  });

  test('what waits for its deletion is shown only when asked for', async () => {
    const { name } = await secrets.make(`deleted${mark}`, { SecretString: 'v' });
    await secrets.send(new DeleteSecretCommand({ SecretId: name }));
    const find = (IncludePlannedDeletion: boolean) => async () => {
      const entries = await list({ IncludePlannedDeletion, Filters: [{ Key: 'name', Values: [name] }] });
      return entries.length === (IncludePlannedDeletion ? 1 : 0) ? entries : undefined;
    };
    const [entry] = await eventually(find(true), 300);
    expect(entry!.DeletedDate).toBeInstanceOf(Date);
    expect(await eventually(find(false), 300)).toEqual([]);
  }, 700_000);
});

describe('BatchGetSecretValue', () => {
  const batch = (input: BatchGetSecretValueCommandInput) => secrets.send(new BatchGetSecretValueCommand(input));

  test('by id: values of those that are there, errors of those that are not', async () => {
    const { name } = await secrets.make('batch-empty');
    const deleted = await secrets.make('batch-deleted', { SecretString: 'v' });
    await secrets.send(new DeleteSecretCommand({ SecretId: deleted.arn }));
    const nowhere = secrets.name('batch-nowhere');
    const { SecretValues, Errors } = await batch({
      SecretIdList: [samples.one.name, nowhere, samples.two.name, name, deleted.arn],
    });
    expect(SecretValues!.map(({ SecretString }) => SecretString)).toEqual(['one', 'two']);
    expect(SecretValues![0]).toMatchObject({ Name: samples.one.name, VersionStages: ['AWSCURRENT'] });
    expect(Errors).toEqual([
      {
        SecretId: nowhere,
        ErrorCode: 'ResourceNotFoundException',
        Message: "Secrets Manager can't find the specified secret.",
      },
      {
        SecretId: name,
        ErrorCode: 'ResourceNotFoundException',
        Message: "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
      },
      {
        SecretId: deleted.arn,
        ErrorCode: 'InvalidRequestException',
        Message: "You can't perform this operation on the secret because it was marked for deletion.",
      },
    ]);
  });

  test('by filter, in pages', async () => {
    const Filters: Filter[] = [{ Key: 'all', Values: [mark] }];
    const values: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await batch({ Filters, MaxResults: 3, NextToken });
      values.push(...page.SecretValues!.map(({ SecretString }) => SecretString));
      NextToken = page.NextToken;
    } while (NextToken);
    expect(values.sort()).toEqual(['four', 'one', 'three', 'two']);
  });

  test.each<[string, BatchGetSecretValueCommandInput, object]>([
    [
      'both',
      { SecretIdList: ['a'], Filters: [{ Key: 'name', Values: ['a'] }] },
      {
        code: 'InvalidParameterException',
        message: "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
      },
    ],
    ['neither', {}, { code: 'InvalidParameterException' }],
    [
      'a page’s length without filters',
      { SecretIdList: ['a'], MaxResults: 10 },
      {
        code: 'InvalidParameterException',
        message: "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
      },
    ],
    [
      'more than twenty',
      { SecretIdList: Array.from({ length: 21 }, (_, index) => `s${index}`) },
      { code: 'ValidationException' },
    ],
    [
      'a page of more than twenty',
      { Filters: [{ Key: 'name', Values: ['a'] }], MaxResults: 21 },
      { code: 'ValidationException' },
    ],
  ])('refuses %s', async (_name, input, expected) => {
    expect(await refusal(batch(input))).toMatchObject(expected);
  });
});
