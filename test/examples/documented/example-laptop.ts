import { existsSync } from 'node:fs';
import { CreateSecretCommand, DescribeSecretCommand } from '@aws-sdk/client-secrets-manager';
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import pg from 'pg';
import { EXAMPLE_ASSEMBLY } from '../../../cli/laptop/example-assembly.ts';
import { Stage } from '../../../examples/play/stage.ts';
import type { RdsService } from '../../../packages/laptop/services/rds/service.ts';
import { runFolder } from '../../laptop-requests.ts';

/** The example on a laptop, with what the documents' commands speak of. */
export class ExampleLaptop {
  readonly stage: Stage;
  readonly databaseSecretArn: string;
  /** Of a message in the queue of dead letters. */
  readonly #receiptHandle: string;

  private constructor(stage: Stage, databaseSecretArn: string, receiptHandle: string) {
    this.stage = stage;
    this.databaseSecretArn = databaseSecretArn;
    this.#receiptHandle = receiptHandle;
  }

  static async open(): Promise<ExampleLaptop> {
    if (!existsSync(EXAMPLE_ASSEMBLY)) throw new Error(`${EXAMPLE_ASSEMBLY} is not there. Run npm run synth first.`);
    process.env.LAPTOP_RUN_FOLDER = runFolder;
    const stage = await Stage.open(EXAMPLE_ASSEMBLY, {});
    try {
      await stage.setUp();
      const shown = { 'shop/vendor-key': 'a-key-of-a-vendor', 'shop/issued-key': '{"api_key":"a-key-of-ours"}' };
      for (const [Name, SecretString] of Object.entries(shown)) {
        await stage.secrets.send(new CreateSecretCommand({ Name, SecretString }));
      }
      const { ARN = '' } = await stage.secrets.send(new DescribeSecretCommand({ SecretId: 'example/database' }));
      return new ExampleLaptop(stage, ARN, await receiveDeadLetter(stage));
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  get endpointUrl(): string {
    return this.stage.cloud.endpointUrl;
  }

  get caBundlePath(): string {
    return this.stage.cloud.service<RdsService>('rds').caBundlePath;
  }

  /** What a person puts in the place of names and addresses in the documents. */
  fill(word: string): string {
    const { stage } = this;
    const login = (which: string) => stage.resource('AWS::SecretsManager::Secret', `ProxyLogins/${which}`);
    const queue = stage.resource('AWS::SQS::Queue', 'DeadLetters');
    return (
      word
        .replaceAll('BASE_LOGIN_ARN', login('Base'))
        .replaceAll('SECOND_LOGIN_ARN', login('Second'))
        .replaceAll('ALARM_TOPIC_ARN', stage.resource('AWS::SNS::Topic', 'AlarmTopic'))
        .replaceAll('SET_UP_FUNCTION', stage.output('SetUpFunction'))
        .replace(/^API_URL/, stage.output('ApiUrl'))
        .replaceAll('QUEUE_NAME', queue.split('/').at(-1) as string)
        .replaceAll('QUEUE_URL', queue)
        .replace(/^RECEIPT_HANDLE$/, this.#receiptHandle)
        // One that takes the empty event for which the file stands here.
        .replace(/^FUNCTION_ARN$/, stage.resource('AWS::Lambda::Function', 'Audit'))
        .replace(/^NAME$/, 'example/jwt')
        .replace(/\bshop\/database(?!-)/, 'example/database')
        .replace(/^shop$/, 'example')
        .replace(/^(https?:\/\/)?(localhost|127\.0\.0\.1):4599/, this.endpointUrl)
    );
  }

  /** As the server's own superuser, on roles that are called as in the documents. */
  async query(sql: string): Promise<void> {
    const client = new pg.Client(this.stage.cloud.service<RdsService>('rds').postgres('example').adminConnection());
    await client.connect();
    try {
      for (const role of ['administrator', 'app', 'app_clone']) {
        const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
        if (rowCount === 0) await client.query(`CREATE ROLE ${role}`);
      }
      await client.query(sql);
    } finally {
      await client.end();
    }
  }
}

/** A dead letter, as a person who replays it has received it. */
async function receiveDeadLetter(stage: Stage): Promise<string> {
  const { endpointUrl: endpoint, region, administrator: credentials } = stage.cloud;
  const sqs = new SQSClient({ endpoint, region, credentials });
  try {
    const QueueUrl = stage.resource('AWS::SQS::Queue', 'DeadLetters');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
    return Messages[0]?.ReceiptHandle ?? '';
  } finally {
    sqs.destroy();
  }
}
