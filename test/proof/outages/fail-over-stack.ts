import { fileURLToPath } from 'node:url';
import { App, Duration, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { RotatedSecret } from '../../../stacks/rotated-secret.ts';
import { RotationPipeline } from '../../../stacks/rotation-pipeline.ts';
import { bundle } from '../../../tools/bundle.ts';

export interface Login {
  /** Of the secret. */
  readonly name: string;
  readonly username: string;
  readonly strategy: 'alternating-users' | 'single-user';
}

export const SUPERUSER_SECRET = 'fail-over/superuser';

/** Logins of one server, each with a database check and a gate. */
export class FailOverStack extends Stack {
  constructor(scope: Construct, id: string, server: { host: string; port: number }, logins: readonly Login[]) {
    super(scope, id);
    const address = { engine: 'postgres', ...server, dbname: 'app' };
    const secretOf = (name: string, username: string) =>
      new secretsmanager.Secret(this, `Secret-${username}`, {
        secretName: name,
        generateSecretString: {
          secretStringTemplate: JSON.stringify({ ...address, username }),
          generateStringKey: 'password',
          passwordLength: 32,
          excludePunctuation: true,
        },
      });
    const superuser = secretOf(SUPERUSER_SECRET, 'fail_over_admin');
    const gate = new lambda.Function(this, 'Gate', {
      code: lambda.Code.fromAsset(bundle(fileURLToPath(new URL('../../scenarios/lab/gate.ts', import.meta.url)))),
      handler: 'index.handler',
      runtime: lambda.Runtime.NODEJS_22_X,
      timeout: Duration.seconds(20),
    });
    const pipeline = new RotationPipeline(this, 'Keyturn');
    for (const { name, username, strategy } of logins) {
      const secret = secretOf(name, username);
      secret.grantRead(gate);
      new RotatedSecret(this, `Rotated-${username}`, {
        pipeline,
        secret,
        secretName: name,
        kind: 'postgres',
        rotator: { strategy, superuserSecretArn: superuser.secretArn },
        reads: [superuser],
        gracePeriod: Duration.seconds(10),
        evidenceInterval: Duration.seconds(10),
        checks: [
          { name: 'database', type: 'database', parameters: { health: false } },
          { name: 'gate', type: 'function', functionArn: gate.functionArn, parameters: {} },
        ],
      });
    }
  }
}

/** As `cdk synth` does, into a folder. */
export function synthesize(folder: string, server: { host: string; port: number }, logins: readonly Login[]): void {
  const app = new App({ outdir: folder });
  new FailOverStack(app, 'FailOver', server, logins);
  app.synth();
}
