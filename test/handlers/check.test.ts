import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';
import pg from 'pg';
import { createCertificateAuthority } from '../../packages/laptop/postgres/certificates.ts';
import type { RdsService } from '../../packages/laptop/services/rds/service.ts';
import type { SnsService } from '../../packages/laptop/services/sns/service.ts';
import { eventually } from '../eventually.ts';
import { Deployed } from './deployed.ts';

const secrets = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/*';
const mayRead = { actions: ['secretsmanager:GetSecretValue'], resources: [secrets] };
let deployed: Deployed;
beforeAll(async () => {
  deployed = await Deployed.start();
}, 60_000);
afterAll(() => deployed?.close());

async function newSecret(name: string, value: string) {
  const { ARN, VersionId } = await deployed.call('secretsmanager', 'CreateSecret', { Name: name, SecretString: value });
  return { secretArn: ARN, secretName: name, versionId: VersionId };
}

const request = (subject: object, type: string, parameters: object) => ({
  ...subject,
  check: { name: 'probe', type, functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:check', parameters },
});

describe('check', () => {
  let url: string;
  let close: () => Promise<void>;
  const received: (string | undefined)[] = [];

  beforeAll(async () => {
    const authority = await createCertificateAuthority('A vendor’s own CA');
    const { certificatePem: cert, privateKeyPem: key } = await authority.issue({ hosts: ['127.0.0.1'] });
    const server = createServer({ cert, key }, (incoming, response) => {
      received.push(incoming.headers.authorization);
      response.end('fine');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `https://127.0.0.1:${(server.address() as { port: number }).port}/health`;
    close = () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    };
    const bundlePath = join(deployed.cloud.directory, 'vendor-ca.pem');
    writeFileSync(bundlePath, authority.certificatePem);
    await deployed.deployHandler('check', [mayRead], { NODE_EXTRA_CA_CERTS: bundlePath });
  });
  afterAll(() => close());

  test('sends the rotated key over TLS that it verifies, and answers its verdict', async () => {
    const subject = await newSecret('app/vendor', 'the-key-1');
    const verdict = await deployed.invoke('check', request(subject, 'http', { url, key: {} }));
    expect(verdict).toMatchObject({ outcome: 'passed', observed: expect.stringContaining('answers 200') });
    expect(received).toEqual(['Bearer the-key-1']);
    expect((await deployed.log('check')) + JSON.stringify(verdict)).not.toContain('the-key-1');
  });

  test('a right that its role lacks is no verdict of the key, and is named', async () => {
    const { secretArn, ...subject } = await newSecret('elsewhere/vendor', 'the-key-2');
    const asked = deployed.invoke('check', request({ ...subject, secretArn }, 'http', { url, key: {} }));
    await expect(asked).rejects.toMatchObject({
      name: 'CheckNotPermitted',
      message: expect.stringContaining('secretsmanager:GetSecretValue'),
    });
  });

  test('a key that is refused is a verdict, in the words of an execution that began before an update too', async () => {
    const subject = await newSecret('app/refused', 'the-key-3');
    const parameters = { url, key: {}, expectedStatus: 204 };
    const verdict = await deployed.invoke('check', request(subject, 'http', parameters));
    expect(verdict).toMatchObject({ outcome: 'failed', ok: false, code: 'UnexpectedStatus' });
  });

  test('what may pass is an error under its own code, which the workflow tries again', async () => {
    const subject = await newSecret('app/unreachable', 'k');
    const nobody = request(subject, 'http', { url: 'https://vendor.invalid/' });
    await expect(deployed.invoke('check', nobody)).rejects.toMatchObject({
      name: 'NoRoute',
      message: expect.stringContaining('vendor.invalid'),
    });
  });

  test('runs no databases: the other function does', async () => {
    const subject = await newSecret('app/database', '{}');
    await expect(deployed.invoke('check', request(subject, 'database', {}))).rejects.toMatchObject({
      name: 'InputInvalid',
      message: expect.stringContaining('came database'),
    });
    await expect(deployed.invoke('check', { nothing: 1 })).rejects.toMatchObject({ name: 'InputInvalid' });
  });
});

describe('check-database', () => {
  test('logs in over TLS that it verifies; an RDS API that nobody reaches is told, and soon', async () => {
    const service = deployed.cloud.service<RdsService>('rds');
    await service.ready;
    await deployed.call('rds', 'CreateDBInstance', {
      DBInstanceIdentifier: 'db',
      DBInstanceClass: 'db.t4g.micro',
      Engine: 'postgres',
      DBName: 'app',
      MasterUsername: 'boss',
      MasterUserPassword: 'Administrator1',
    });
    await service.databases.opened(service.state.instance('us-east-1', 'db'));
    const client = new pg.Client(service.postgres('db').adminConnection('app'));
    await client.connect();
    await client.query(`CREATE ROLE shop LOGIN PASSWORD 'First-1'`);
    await client.end();
    const { host, port } = service.postgres('db');
    const value = { engine: 'postgres', host, port, dbname: 'app', username: 'shop', password: 'First-1' };
    const subject = await newSecret('app/shop', JSON.stringify({ ...value, dbInstanceIdentifier: 'db' }));
    const health = {
      actions: ['rds:DescribeDBInstances', 'rds:DescribeDBClusters'],
      resources: ['arn:aws:rds:us-east-1:000000000000:db:db', 'arn:aws:rds:us-east-1:000000000000:cluster:db'],
    };
    const environment = { PGSSLROOTCERT: service.caBundlePath };
    await deployed.deployHandler('check-database', [mayRead, health], environment);
    expect(await deployed.invoke('check-database', request(subject, 'database', {}))).toMatchObject({
      outcome: 'passed',
      observed: expect.stringMatching(/^shop logs in, reads and writes at instance in \d+ ms; db available$/),
    });

    await deployed.call('lambda', 'UpdateFunctionConfiguration', {
      FunctionName: 'check-database',
      Environment: { Variables: { ...environment, AWS_ENDPOINT_URL_RDS: 'http://127.0.0.1:1' } },
    });
    const verdict = await eventually('an environment with the new address', async () => {
      const answer = await deployed.invoke('check-database', request(subject, 'database', {}));
      return answer.observed?.includes('db available') ? undefined : answer;
    });
    expect(verdict).toMatchObject({
      outcome: 'passed',
      observed: expect.stringContaining('health unknown (NoRoute of the RDS API)'),
    });
    expect(await deployed.log('check-database')).not.toContain('First-1');
  }, 120_000);
});

test('report counts failed checks, and counts them by their type', async () => {
  const events = {
    actions: ['events:PutEvents'],
    resources: ['arn:aws:events:us-east-1:000000000000:event-bus/keyturn'],
  };
  await deployed.deployHandler('report', [events], { EVENT_BUS_NAME: 'keyturn', KEYTURN_HISTORY_TABLE: 'history' });
  const plan = {
    path: 'checks-only',
    secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf',
    secretName: 'app/db',
    kind: 'postgres',
    startedBy: 'schedule',
    versionId: 'v2',
    previousVersionId: null,
    gracePeriodSeconds: 60,
    convergenceBoundSeconds: 60,
  };
  const check = { type: 'http', ok: false, code: 'NoRoute', cause: 'no' };
  await deployed.invoke('report', {
    report: 'checks',
    executionArn: 'arn:aws:states:us-east-1:000000000000:execution:m:e',
    startedAt: new Date().toISOString(),
    plan,
    checks: [
      { ...check, name: 'a' },
      { ...check, name: 'b' },
      { name: 'c', type: 'jwks', ok: false, code: 'NoPublicKey', cause: 'no' },
    ],
  });
  const metrics = await eventually('metrics', async () => {
    const answer = await deployed.call('monitoring', 'ListMetrics', {
      Namespace: 'Keyturn',
      MetricName: 'CheckFailed',
    });
    return answer.Metrics.length >= 3 ? answer.Metrics : undefined;
  });
  const dimensions = metrics.map((metric: any) =>
    Object.fromEntries(metric.Dimensions.map(({ Name, Value }: any) => [Name, Value])),
  );
  expect(dimensions).toEqual(
    expect.arrayContaining([
      { service: 'keyturn' },
      { service: 'keyturn', checkType: 'http' },
      { service: 'keyturn', checkType: 'jwks' },
    ]),
  );
  expect(dimensions).toHaveLength(3);
});

test('notify-person publishes to the topic what a person reads on a phone', async () => {
  const { TopicArn } = await deployed.call('sns', 'CreateTopic', { Name: 'notices' });
  const grants = [{ actions: ['sns:Publish'], resources: [TopicArn] }];
  await deployed.deployHandler('notify-person', grants, { KEYTURN_NOTICE_TOPIC_ARN: TopicArn });
  const detail = {
    schemaVersion: 1,
    id: 'e1',
    secretArn: 'arn:aws:secretsmanager:us-east-1:000000000000:secret:app/db-AbCdEf',
    secretName: 'app/db',
    code: 'PendingStuck',
    message: 'app/db: version v3 has been AWSPENDING for 2 hours.',
    repair: 'keyturn doctor app/db --repair',
  };
  const event = { source: 'keyturn', 'detail-type': 'Drift Found', detail };
  expect(await deployed.invoke('notify-person', event)).toEqual({ sent: true });
  expect(await deployed.invoke('notify-person', { ...event, 'detail-type': 'Secret Promoted' })).toEqual({
    sent: false,
  });
  const [message] = deployed.cloud.service<SnsService>('sns').outbox();
  expect(JSON.stringify(message)).toContain('Next: keyturn doctor app/db --repair');
});
