import { observedFunction } from '../../../pipeline/propagation/observe-function.ts';
import { RECYCLE_VARIABLE, withMark } from '../../../pipeline/propagation/recycle-mark.ts';
import { nextLatestAction, type ObservedFunction, refuseAlias } from '../../../pipeline/propagation/recycle-plan.ts';

const item = {
  itemArn: 'arn:aws:secretsmanager:eu-central-1:111122223333:secret:app/db-AbCdEf',
  versionId: 'two',
  promotedAt: new Date('2026-03-01T00:00:00Z'),
};
const mark = withMark(undefined, item);

const seen = (more: Partial<ObservedFunction> = {}): ObservedFunction => ({
  name: 'shop',
  version: '$LATEST',
  revisionId: 'r1',
  description: '',
  state: 'Active',
  lastUpdateStatus: 'Successful',
  reason: undefined,
  environment: { variables: { STAGE: 'prod' } },
  timeoutSeconds: 7,
  fingerprint: 'f',
  ...more,
});

describe('$LATEST', () => {
  test('our variable is added, nothing else is touched, and the update is bound to what was seen', () => {
    expect(nextLatestAction(item, seen())).toEqual({
      action: 'update',
      variables: { STAGE: 'prod', [RECYCLE_VARIABLE]: mark },
      revisionId: 'r1',
    });
  });

  test('done when it has our value and the update is through; it says how long invocations may still run', () => {
    const environment = { variables: { [RECYCLE_VARIABLE]: mark } };
    expect(nextLatestAction(item, seen({ environment }))).toEqual({ action: 'done', timeoutSeconds: 7 });
    expect(nextLatestAction(item, seen({ environment, lastUpdateStatus: 'InProgress' })).action).toBe('wait');
  });

  test('waits while somebody makes or changes it', () => {
    expect(nextLatestAction(item, seen({ state: 'Pending' })).action).toBe('wait');
    expect(nextLatestAction(item, seen({ lastUpdateStatus: 'InProgress' })).action).toBe('wait');
  });

  test.each([
    ['its last update failed', { lastUpdateStatus: 'Failed', reason: 'ENI limit' }, 'ENI limit'],
    ['it cannot run', { state: 'Failed', reason: 'InternalError' }, 'InternalError'],
    ['its variables are unreadable', { environment: { error: 'AccessDeniedException' } }, 'kms:Decrypt'],
    ['its variables would not fit', { environment: { variables: { BIG: 'x'.repeat(4_060) } } }, '4096'],
  ] as const)('refused when %s, with what to do', (_name, more, words) => {
    const refusal = () => nextLatestAction(item, seen(more as Partial<ObservedFunction>));
    expect(refusal).toThrow(words);
    expect(refusal).toThrow('"freshness": "expire"');
  });

  test('4,096 bytes with our variable are allowed, one more is not', () => {
    const size = (variables: Record<string, string>) => Buffer.byteLength(JSON.stringify(variables));
    const room = 4_096 - size({ BIG: '', [RECYCLE_VARIABLE]: mark });
    const fits = seen({ environment: { variables: { BIG: 'x'.repeat(room) } } });
    expect(nextLatestAction(item, fits).action).toBe('update');
    const over = seen({ environment: { variables: { BIG: 'x'.repeat(room + 1) } } });
    expect(() => nextLatestAction(item, over)).toThrow('4097 bytes');
  });
});

describe('an alias', () => {
  const alias = (more: object = {}) => ({
    name: 'live',
    revisionId: 'a1',
    isWeighted: false,
    version: seen(),
    ...more,
  });

  test('may be moved where it changes nothing but our variable', () => {
    expect(() => refuseAlias(seen(), alias())).not.toThrow();
  });

  test('is refused with weights, or where $LATEST is something else, with what to do', () => {
    expect(() => refuseAlias(seen(), alias({ isWeighted: true }))).toThrow(/weighted routing.*"expire"/);
    expect(() => refuseAlias(seen({ fingerprint: 'other' }), alias())).toThrow(/would deploy it.*"expire"/);
  });
});

describe('what two configurations have in common', () => {
  const configuration = {
    FunctionName: 'shop',
    FunctionArn: 'arn:aws:lambda:eu-central-1:111122223333:function:shop',
    Version: '$LATEST',
    CodeSha256: 'abc',
    Timeout: 3,
    ConfigSha256: 'hash with our variable in it',
    Environment: { Variables: { B: '2', A: '1', [RECYCLE_VARIABLE]: mark } },
    VpcConfig: { SubnetIds: ['s1'] },
  };
  const published = {
    ...configuration,
    FunctionArn: `${configuration.FunctionArn}:7`,
    Version: '7',
    RevisionId: 'other',
    Description: 'release 7',
    LastModified: 'later',
    ConfigSha256: 'another hash',
    RuntimeVersionConfig: { RuntimeVersionArn: 'patched' },
    Environment: { Variables: { A: '1', B: '2' } },
  };
  const fingerprint = (found: object) => observedFunction('arn', found).fingerprint;

  test('a version published of $LATEST is the same, whatever the order of its variables', () => {
    expect(fingerprint(published)).toBe(fingerprint(configuration));
  });

  test.each([
    ['code', { CodeSha256: 'def' }],
    ['a variable', { Environment: { Variables: { A: '1', B: '3' } } }],
    ['a time-out', { Timeout: 4 }],
    ['a network', { VpcConfig: { SubnetIds: ['s2'] } }],
    ['a setting that did not exist when this was written', { TomorrowsConfig: { Mode: 'on' } }],
  ])('%s tells them apart', (_name, change) => {
    expect(fingerprint({ ...published, ...change })).not.toBe(fingerprint(configuration));
  });
});
