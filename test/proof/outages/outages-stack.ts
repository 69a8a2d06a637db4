import { fileURLToPath } from 'node:url';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { RotatedSecret } from '../../../stacks/rotated-secret.ts';
import { RotationPipeline } from '../../../stacks/rotation-pipeline.ts';
import { bundle } from '../../../tools/bundle.ts';
import { byExtent } from '../../extent.ts';
import { vendorRequests } from '../../pipeline/rotators/api-key/vendor.ts';

/** A secret of the stack: its name, and where the vendor of its key is. */
export interface TriedSecret {
  readonly name: string;
  readonly vendorOrigin: string;
  /** Who reads it: one that is notified, or one that is recycled and one that cannot start. */
  readonly consumers: 'notified' | 'recycled';
}

/** The vendor's id of the key that each secret begins with. */
export const FIRST_KEY = 'key-of-the-beginning';
/** After it every consumer has the new key; a roll-back comes sooner, where time leaps on a slow machine too. */
export const BOUND_SECONDS = byExtent({ short: 140, wide: 140, long: 60 });
export const ADMIN_SECRET = 'outages/admin';
/** What a person's rule on the default bus hears, where the story is forwarded. */
export const HEARD_QUEUE = 'outages-heard';
export const mirrorOf = (name: string) => `/outages/${name}`;
export const consumerOf = (name: string) => `consumer-of-${name}`;

const WELL = 'exports.handler = async () => ({});';
const BROKEN =
  "exports.handler = async () => { throw Object.assign(new Error('broken'), { name: 'ConsumerBroken' }); };";

/** Keys of vendors, one for each point that is tried, with a check, a mirror and consumers, under one key of KMS. */
export class OutagesStack extends Stack {
  readonly #pipeline: RotationPipeline;
  readonly #key: kms.Key;
  readonly #admin: secretsmanager.Secret;
  readonly #gate: lambda.Function;
  readonly #consumers: Readonly<Record<'well' | 'broken', lambda.Function>>;

  constructor(scope: Construct, id: string, secrets: readonly TriedSecret[], { forwardStory = false } = {}) {
    super(scope, id);
    this.#key = new kms.Key(this, 'Key');
    this.#admin = new secretsmanager.Secret(this, 'Admin', {
      secretName: ADMIN_SECRET,
      generateSecretString: { excludePunctuation: true },
    });
    this.#gate = this.#function('Gate', bundle(fileURLToPath(new URL('./gate.ts', import.meta.url))));
    this.#consumers = { well: this.#function('Well', WELL), broken: this.#function('Broken', BROKEN) };
    this.#pipeline = new RotationPipeline(this, 'Keyturn', { forwardStory });
    if (forwardStory) this.#hearOnDefaultBus();
    for (const secret of secrets) this.#rotated(secret);
  }

  /** A rule of a person's own, as docs/events.md shows it. */
  #hearOnDefaultBus(): void {
    new events.Rule(this, 'Heard', {
      eventPattern: { source: ['keyturn'] },
      targets: [new targets.SqsQueue(new sqs.Queue(this, 'HeardQueue', { queueName: HEARD_QUEUE }))],
    });
  }

  #function(id: string, codeOrFolder: string, functionName?: string): lambda.Function {
    return new lambda.Function(this, id, {
      ...(functionName && { functionName }),
      code: codeOrFolder.startsWith('exports.')
        ? lambda.Code.fromInline(codeOrFolder)
        : lambda.Code.fromAsset(codeOrFolder),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
      timeout: Duration.seconds(20),
    });
  }

  #rotated(tried: TriedSecret): void {
    const { name, vendorOrigin } = tried;
    const secret = new secretsmanager.Secret(this, `Secret-${name}`, {
      secretName: name,
      encryptionKey: this.#key,
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ api_key_id: FIRST_KEY }),
        generateStringKey: 'api_key',
        excludePunctuation: true,
      },
    });
    secret.grantRead(this.#gate);
    new RotatedSecret(this, `Rotated-${name}`, {
      pipeline: this.#pipeline,
      secret,
      secretName: name,
      kind: 'api-key',
      rotator: {
        provider: 'http',
        ...vendorRequests(vendorOrigin, this.#admin.secretArn),
        convergenceBoundSeconds: BOUND_SECONDS,
        activationTimeoutSeconds: 1,
        consecutiveAcceptances: 1,
        quietPeriodSeconds: 1,
      },
      reads: [this.#admin],
      gracePeriod: Duration.seconds(30),
      evidenceInterval: Duration.seconds(10),
      checks: [
        {
          name: 'gate',
          type: 'function',
          functionArn: this.#gate.functionArn,
          parameters: { url: `${vendorOrigin}/whoami` },
        },
      ],
      mirrors: [{ to: 'parameter', parameterName: mirrorOf(name), pointer: '/api_key' }],
      consumers: this.#consumersOf(tried),
    });
  }

  #consumersOf({ name, consumers }: TriedSecret) {
    const bound = { maxAgeSeconds: BOUND_SECONDS - 5, longestInvocationSeconds: 5 };
    const { well, broken } = this.#consumers;
    if (consumers === 'notified') {
      return [
        { name: 'notified', functionArn: well.functionArn, freshness: 'notify' as const, ...bound },
        { name: 'expiring', functionArn: well.functionArn, freshness: 'expire' as const, ...bound },
      ];
    }
    const recycled = this.#function(`Recycled-${name}`, WELL, consumerOf(name));
    return [
      { name: 'recycled', functionArn: recycled.functionArn, freshness: 'recycle' as const, ...bound },
      { name: 'broken', functionArn: broken.functionArn, freshness: 'notify' as const, ...bound },
    ];
  }
}

/** As `cdk synth` does, into a folder. */
export function synthesize(
  folder: string,
  secrets: readonly TriedSecret[],
  props: { forwardStory?: boolean } = {},
): void {
  const app = new App({ outdir: folder });
  new OutagesStack(app, 'Outages', secrets, props);
  app.synth();
}
