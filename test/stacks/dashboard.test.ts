import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';
import { metricNames } from '../../pipeline/contracts/metrics.ts';
import { RotatedSecret } from '../../stacks/rotated-secret.ts';
import { RotationPipeline } from '../../stacks/rotation-pipeline.ts';

/** A pipeline with so many secrets. */
function synthesize(secrets: number): Template {
  const stack = new Stack(new App(), 'Stack');
  const pipeline = new RotationPipeline(stack, 'Keyturn');
  for (let index = 0; index < secrets; index++) {
    const secretName = `app/secret${index}`;
    const secret = new secretsmanager.Secret(stack, `Secret${index}`, { secretName });
    new RotatedSecret(stack, `Rotated${index}`, { pipeline, secretName, secret, kind: 'postgres', rotator: {} });
  }
  return Template.fromStack(stack);
}

/** The dashboard's body, with what is only known at deployment by its logical id. */
function body(template: Template): { widgets: any[] } {
  const [dashboard] = Object.values(template.findResources('AWS::CloudWatch::Dashboard'));
  const [, parts] = (dashboard as any).Properties.DashboardBody['Fn::Join'];
  const texts = parts.map((part: unknown) =>
    typeof part === 'string' ? part : ((part as any)['Fn::GetAtt']?.[0] ?? 'x'),
  );
  return JSON.parse(texts.join(''));
}

/** What the role of a function may do: action → resources. */
function rights(template: Template, description: RegExp): Record<string, unknown[]> {
  const [fn] = Object.values(template.findResources('AWS::Lambda::Function')).filter(({ Properties }) =>
    description.test(Properties.Description),
  );
  const role = fn?.Properties.Role['Fn::GetAtt'][0];
  const policies = Object.values(template.findResources('AWS::IAM::Policy')).filter(({ Properties }) =>
    Properties.Roles.some((one: { Ref: string }) => one.Ref === role),
  );
  const statements = policies.flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
  const found: Record<string, unknown[]> = {};
  for (const { Action, Resource } of statements)
    for (const action of [Action].flat()) found[action] = [...(found[action] ?? []), ...[Resource].flat()];
  return found;
}

const one = synthesize(1);
const many = synthesize(12);

test('alarms first, then the secrets, then the graphs; each metric of the pipeline is graphed', () => {
  const { widgets } = body(one);
  expect(widgets.slice(0, 2).map(({ type, width }) => [type, width])).toEqual([
    ['alarm', 24],
    ['custom', 24],
  ]);
  expect(widgets[0].properties.alarms).toHaveLength(Object.keys(one.findResources('AWS::CloudWatch::Alarm')).length);
  const graphed = widgets
    .slice(2)
    .flatMap(({ properties }) => properties.metrics.map(([namespace, name]: string[]) => `${namespace} ${name}`));
  expect([...new Set(graphed)].sort()).toEqual(metricNames.map((name) => `Keyturn ${name}`).sort());
});

test('a further secret adds no widget, no metric and no function', () => {
  expect(body(many)).toEqual(body(one));
  const functions = (template: Template) => Object.keys(template.findResources('AWS::Lambda::Function')).length;
  expect(functions(many)).toBe(functions(one));
});

test('the button function may start rotate-secret, write its log, and nothing else', () => {
  const {
    'logs:CreateLogStream': _stream,
    'logs:PutLogEvents': _put,
    ...rest
  } = rights(one, /the dashboard's buttons/);
  expect(Object.keys(rest)).toEqual(['states:StartExecution']);
  expect(rest['states:StartExecution']).toHaveLength(1);
  expect(JSON.stringify(rest['states:StartExecution'])).toContain(':stateMachine:keyturn-rotate-secret"');
});

test('the widget function reads labels of the managed secrets, settings and history; no value, and it starts nothing', () => {
  const may = rights(many, /list of managed secrets/);
  expect(Object.keys(may).sort()).toEqual([
    'dynamodb:Query',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    'secretsmanager:DescribeSecret',
    'ssm:GetParametersByPath',
  ]);
  expect(may['secretsmanager:DescribeSecret']).toHaveLength(12);
  expect(JSON.stringify(may)).not.toContain('"*"');
});
