import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  SecretsManagerClient,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { type LoadedStack, loadAssembly } from '../../../packages/laptop/assembly/load-assembly.ts';
import type { Settings } from '../../../packages/laptop/cloud.ts';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import { findLeaks } from '../../../packages/laptop/leaks/find-leaks.ts';
import type { RunningCloud } from '../../../packages/laptop/running-cloud.ts';
import { eventually } from '../../eventually.ts';
import { runFolder } from '../../laptop-requests.ts';
import { createLogin } from '../lab/create-login.ts';

export const SECRET = 'shop/database';

/** The shop's stack, synthesized and running on a laptop, with its login made and its consumer warm. */
export class Shop {
  readonly cloud: RunningCloud;
  readonly secrets: SecretsManagerClient;
  readonly #lambda: LambdaClient;
  readonly #stack: LoadedStack;

  private constructor(cloud: RunningCloud, stack: LoadedStack) {
    this.cloud = cloud;
    this.#stack = stack;
    const configuration = {
      endpoint: cloud.endpointUrl,
      region: cloud.region,
      credentials: cloud.administrator,
    };
    this.secrets = new SecretsManagerClient(configuration);
    this.#lambda = new LambdaClient(configuration);
  }

  static async open(settings: Partial<Settings> = {}, port = 0): Promise<Shop> {
    const assembly = await synthesize();
    const cloud = await createCloud({ port, settings, runFolder, log: () => undefined });
    try {
      const [stack] = await loadAssembly(assembly, cloud);
      const shop = new Shop(cloud, stack as LoadedStack);
      await shop.#settle();
      await shop.#createLogin();
      return shop;
    } catch (error) {
      await cloud.close();
      throw error;
    } finally {
      rmSync(assembly, { recursive: true, force: true });
    }
  }

  get consoleUrl(): string {
    return this.cloud.consoleUrl;
  }

  /** Requests at once, each held for a while, so that so many environments are alive. */
  async visitCatalogue(count: number): Promise<void> {
    const request = new InvokeCommand({
      FunctionName: this.#stack.outputs.CatalogueFunction,
      Payload: Buffer.from(JSON.stringify({ holdMilliseconds: 500 })),
    });
    await Promise.all(Array.from({ length: count }, () => this.#lambda.send(request)));
  }

  /** Reports as a state machine of the pipeline does. */
  async report(report: object): Promise<void> {
    // Without the CDK's command line the template does not name the places of its constructs.
    const [, found] =
      Object.entries(this.#stack.resources).find(([logicalId]) => logicalId.startsWith('KeyturnReportFunction')) ?? [];
    if (!found) throw new Error('The stack has no function that reports.');
    const request = new InvokeCommand({ FunctionName: found.ref, Payload: Buffer.from(JSON.stringify(report)) });
    const { FunctionError, Payload = [] } = await this.#lambda.send(request);
    if (FunctionError) throw new Error(Buffer.from(Payload as Uint8Array).toString('utf8'));
  }

  async arn(): Promise<string> {
    const { ARN = '' } = await this.secrets.send(new DescribeSecretCommand({ SecretId: SECRET }));
    return ARN;
  }

  /** Version ids by label. */
  async labels(): Promise<Record<string, string>> {
    const { VersionIdsToStages = {} } = await this.secrets.send(new DescribeSecretCommand({ SecretId: SECRET }));
    return Object.fromEntries(
      Object.entries(VersionIdsToStages).flatMap(([versionId, stages]) => stages.map((stage) => [stage, versionId])),
    );
  }

  /** Makes the check of the secret fail for every version but those that are named. */
  async closeGate(openFor?: string): Promise<void> {
    const Value = openFor === undefined ? 'closed' : `open-for:${openFor}`;
    await this.secrets.send(new TagResourceCommand({ SecretId: SECRET, Tags: [{ Key: 'gate', Value }] }));
  }

  async openGate(): Promise<void> {
    await this.secrets.send(new UntagResourceCommand({ SecretId: SECRET, TagKeys: ['gate'] }));
  }

  /** The scenario ends with a search for every value in everything that left the memory of functions. */
  async close(): Promise<void> {
    try {
      expect(await findLeaks(this.cloud)).toEqual([]);
    } finally {
      await this.cloud.close();
    }
  }

  /** A deployment has Secrets Manager try the rotation function: until that is over, the secret is busy. */
  async #settle(): Promise<void> {
    await eventually('the end of the trial of the rotation function', async () =>
      (await this.labels()).AWSPENDING === undefined ? true : undefined,
    );
  }

  async #value(secretId: string): Promise<{ username: string; password: string; host: string }> {
    const { SecretString = '{}' } = await this.secrets.send(new GetSecretValueCommand({ SecretId: secretId }));
    return JSON.parse(SecretString);
  }

  async #createLogin(): Promise<void> {
    await createLogin(this.cloud, await this.#value('shop/superuser'), await this.#value(SECRET), 'shop');
  }
}

/** As `cdk synth` does, into a folder of its own. */
async function synthesize(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-shop-'));
  await promisify(execFile)(
    process.execPath,
    ['--conditions=keyturn-source', '--import', 'tsx', fileURLToPath(new URL('./app.ts', import.meta.url))],
    {
      env: { ...process.env, NODE_OPTIONS: '', CDK_OUTDIR: folder },
    },
  );
  return folder;
}
