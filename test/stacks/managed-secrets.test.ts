import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { RotatedSecret, RotationPipeline, WatchedParameter, WatchedSecret } from '../../stacks/index.ts';

const stack = new Stack(new App(), 'Stack');
const pipeline = new RotationPipeline(stack, 'Keyturn');
const secret = new secretsmanager.Secret(stack, 'Secret', { secretName: 'app/secret' });
const parameter = new ssm.StringParameter(stack, 'Flag', { parameterName: '/app/flag', stringValue: 'on' });

test.each([
  [
    'secretName',
    'RotatedSecret',
    (id: string) => {
      const { secretName } = secret;
      new RotatedSecret(stack, id, { pipeline, secret, secretName, kind: 'jwt', rotator: {} });
    },
  ],
  [
    'secretName',
    'WatchedSecret',
    (id: string) => {
      new WatchedSecret(stack, id, { pipeline, secret, secretName: secret.secretName });
    },
  ],
  [
    'parameterName',
    'WatchedParameter',
    (id: string) => {
      new WatchedParameter(stack, id, { pipeline, parameterName: parameter.parameterName, consumers: [] });
    },
  ],
])('a %s of %s that is only known at deployment is refused: settings under its token would never be found', (property, id, make) => {
  expect(() => make(id)).toThrow(
    `${property} is only known at deployment, and names the settings. Write the name itself as text.`,
  );
});

test('settings stand under the names, with what was declared', () => {
  new WatchedSecret(stack, 'Watched', { pipeline, secret, secretName: 'app/secret' });
  new WatchedParameter(stack, 'Flags', { pipeline, parameterName: '/app/', consumers: [] });
  const parameters = Object.values(Template.fromStack(stack).findResources('AWS::SSM::Parameter'));
  const values = Object.fromEntries(parameters.map(({ Properties }) => [Properties.Name, Properties.Value]));
  expect(JSON.parse(values['/keyturn/keyturn/app/secret'])).toMatchObject({
    kind: 'watched',
    consumers: [],
    checks: [],
  });
  expect(JSON.parse(values['/keyturn/keyturn/.parameter/.x2f.app.x2f.'])).toEqual({
    schemaVersion: 1,
    name: '/app/',
    consumers: [],
  });
});
