import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { EC2Client } from '@aws-sdk/client-ec2';
import type { IAMClient } from '@aws-sdk/client-iam';
import type { KMSClient } from '@aws-sdk/client-kms';
import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { RDSClient } from '@aws-sdk/client-rds';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { SFNClient } from '@aws-sdk/client-sfn';
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { STSClient } from '@aws-sdk/client-sts';
import { readLaptopRun } from './laptop-run.ts';

export interface Connection {
  readonly region?: string;
  readonly profile?: string;
  readonly endpoint?: string;
  /** The port of a laptop's cloud, whose run says the rest: its endpoint, its region, and its administrator's key. */
  readonly laptop?: number;
}

/** The port that an endpoint names, which goes before the laptop's usual one. */
function portOf(endpoint: string | undefined): number | undefined {
  const port = endpoint === undefined ? '' : new URL(endpoint).port;
  return port === '' ? undefined : Number(port);
}

/** Each client is imported and made when a command first needs it. What is not said is the SDK's own chain's to find. */
export class Clients {
  readonly #configuration: Record<string, unknown>;
  readonly #made = new Map<string, Promise<{ destroy(): void }>>();

  /** @throws LaptopNotRunning */
  constructor({ region, profile, endpoint, laptop }: Connection) {
    this.#configuration = {
      ...(laptop !== undefined && readLaptopRun(portOf(endpoint) ?? laptop)),
      ...(region && { region }),
      ...(profile && { profile }),
      ...(endpoint && { endpoint }),
      // A person waits, so an endpoint that does not answer is reported soon.
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 3_000, requestTimeout: 30_000 },
    };
  }

  secretsManager(): Promise<SecretsManagerClient> {
    return this.#make('secretsmanager', async () => {
      const { SecretsManagerClient } = await import('@aws-sdk/client-secrets-manager');
      return new SecretsManagerClient(this.#configuration);
    });
  }

  ssm(): Promise<SSMClient> {
    return this.#make('ssm', async () => {
      const { SSMClient } = await import('@aws-sdk/client-ssm');
      return new SSMClient(this.#configuration);
    });
  }

  stepFunctions(): Promise<SFNClient> {
    return this.#make('states', async () => {
      const { SFNClient } = await import('@aws-sdk/client-sfn');
      return new SFNClient(this.#configuration);
    });
  }

  dynamodb(): Promise<DynamoDBClient> {
    return this.#make('dynamodb', async () => {
      const { DynamoDBClient } = await import('@aws-sdk/client-dynamodb');
      return new DynamoDBClient(this.#configuration);
    });
  }

  lambda(): Promise<LambdaClient> {
    return this.#make('lambda', async () => {
      const { LambdaClient } = await import('@aws-sdk/client-lambda');
      // An audit of many secrets takes its minutes; asked twice, it would look twice.
      const requestHandler = { connectionTimeout: 3_000, requestTimeout: 310_000 };
      return new LambdaClient({ ...this.#configuration, requestHandler });
    });
  }

  iam(): Promise<IAMClient> {
    return this.#make('iam', async () => {
      const { IAMClient } = await import('@aws-sdk/client-iam');
      return new IAMClient(this.#configuration);
    });
  }

  kms(): Promise<KMSClient> {
    return this.#make('kms', async () => {
      const { KMSClient } = await import('@aws-sdk/client-kms');
      return new KMSClient(this.#configuration);
    });
  }

  rds(): Promise<RDSClient> {
    return this.#make('rds', async () => {
      const { RDSClient } = await import('@aws-sdk/client-rds');
      return new RDSClient(this.#configuration);
    });
  }

  ec2(): Promise<EC2Client> {
    return this.#make('ec2', async () => {
      const { EC2Client } = await import('@aws-sdk/client-ec2');
      return new EC2Client(this.#configuration);
    });
  }

  sts(): Promise<STSClient> {
    return this.#make('sts', async () => {
      const { STSClient } = await import('@aws-sdk/client-sts');
      return new STSClient(this.#configuration);
    });
  }

  /** Lets go of every connection, so that the process ends when its work does. */
  async close(): Promise<void> {
    for (const client of this.#made.values()) (await client).destroy();
  }

  #make<Client extends { destroy(): void }>(name: string, make: () => Promise<Client>): Promise<Client> {
    const existing = this.#made.get(name) as Promise<Client> | undefined;
    if (existing) return existing;
    const made = make();
    this.#made.set(name, made);
    return made;
  }
}
