import { Duration, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { RotatedSecret, RotationPipeline } from 'keyturn';
import type { SecretKind } from '../../pipeline/contracts/secret-kinds.ts';
import type { ConsumerSettings } from '../../pipeline/contracts/settings/secret.ts';
import { BenchDatabase } from './database.ts';

/** As grace periods should be: a little longer than the evidence takes, so that it is asked for once. */
const gracePeriods = { postgres: Duration.seconds(2), 'api-key': Duration.seconds(2), jwt: Duration.seconds(65) };

/** Every kind twice: read by no function, and by one that is notified. */
export class CostsStack extends Stack {
  readonly #pipeline: RotationPipeline;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const database = new BenchDatabase(this, 'Database');
    this.#pipeline = new RotationPipeline(this, 'Keyturn');
    const notified = new lambda.Function(this, 'Notified', {
      code: lambda.Code.fromInline('exports.handler = async () => ({ keyturn: { environmentId: "bench" } });'),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
    });
    const one: ConsumerSettings[] = [
      {
        name: 'notified',
        functionArn: notified.functionArn,
        freshness: 'notify',
        maxAgeSeconds: 0,
        longestInvocationSeconds: 1,
      },
    ];
    for (const [place, consumers] of Object.entries({ alone: [], consumed: one })) {
      for (const strategy of ['alternating-users', 'single-user']) {
        const name = `bench/${place}/postgres-${strategy}`;
        const rotator = { strategy, superuserSecretArn: database.superuser.secretArn, ...bound(consumers) };
        const login = database.login(name, `${strategy.replace('-', '_')}_${place}`);
        this.#rotated(name, 'postgres', { secret: login, rotator, consumers, reads: [database.superuser] });
      }
      const jwt = { longestTokenLifetimeSeconds: 1, ...bound(consumers) };
      this.#rotated(`bench/${place}/jwt`, 'jwt', {
        secret: this.#secret(`bench/${place}/jwt`, { jwt_algorithm: 'HS256' }, 'jwt_secret_key'),
        rotator: jwt,
        consumers,
      });
      const generated = { provider: 'generated', acceptPreviousSeconds: 0, quietPeriodSeconds: 0, ...bound(consumers) };
      this.#rotated(`bench/${place}/api-key`, 'api-key', {
        secret: this.#secret(`bench/${place}/api-key`, { api_key_id: 'first' }, 'api_key'),
        rotator: generated,
        consumers,
      });
    }
  }

  #secret(secretName: string, template: object, generateStringKey: string): secretsmanager.Secret {
    return new secretsmanager.Secret(this, `Secret-${secretName}`, {
      secretName,
      generateSecretString: {
        secretStringTemplate: JSON.stringify(template),
        generateStringKey,
        passwordLength: 64,
        excludePunctuation: true,
      },
    });
  }

  #rotated(
    secretName: string,
    kind: SecretKind,
    props: {
      secret: secretsmanager.Secret;
      rotator: Record<string, unknown>;
      consumers: ConsumerSettings[];
      reads?: secretsmanager.Secret[];
    },
  ): void {
    new RotatedSecret(this, `Rotated-${secretName}`, {
      ...props,
      pipeline: this.#pipeline,
      secretName,
      kind,
      gracePeriod: gracePeriods[kind],
    });
  }
}

/** The bound follows from the consumers; where there is none, there is nothing to wait for. */
function bound(consumers: ConsumerSettings[]): { convergenceBoundSeconds?: number } {
  return consumers.length === 0 ? { convergenceBoundSeconds: 1 } : {};
}
