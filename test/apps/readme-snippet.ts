import { blocksOf } from '../house/blocks.ts';

/** What README's snippet takes as given: two secrets and a function. */
const given = {
  imports: [
    "import * as lambda from 'aws-cdk-lib/aws-lambda';",
    "import * as secretsmanager from 'aws-cdk-lib/aws-secretsmanager';",
  ],
  body: `
const superuserSecret = new secretsmanager.Secret(this, 'SuperuserSecret', {
  secretName: 'app/superuser',
  generateSecretString: { secretStringTemplate: '{"engine":"postgres","username":"postgres"}', generateStringKey: 'password' },
});
const appSecret = new secretsmanager.Secret(this, 'AppSecret', {
  secretName: 'app/database',
  generateSecretString: { secretStringTemplate: '{"engine":"postgres","username":"app"}', generateStringKey: 'password' },
});
const api = new lambda.Function(this, 'Api', {
  runtime: lambda.Runtime.NODEJS_22_X,
  handler: 'index.handler',
  code: lambda.Code.fromInline('exports.handler = async () => ({ statusCode: 200 });'),
});`.split('\n'),
};

/** README's construct snippet, word for word. */
function snippet(): { imports: string[]; body: string[] } {
  const found = blocksOf('README.md').filter(({ text }) => text.includes('new RotatedSecret(this'));
  if (found.length !== 1) throw new Error(`README.md: expected one construct snippet, found ${found.length}.`);
  const lines = found.flatMap(({ text }) => text.split('\n'));
  return {
    imports: lines.filter((line) => line.startsWith('import ')),
    body: lines.filter((line) => !line.startsWith('import ')),
  };
}

/** The code of a stack with the snippet in its constructor, where `cdk init` says that such code goes. */
export function withSnippet(stack: string, language: 'typescript' | 'javascript'): string {
  const { imports, body } = snippet();
  const needed = [...given.imports, ...imports].map((line) => (language === 'javascript' ? asRequire(line) : line));
  const [before, after, ...rest] = stack.split('super(scope, id, props);');
  if (before === undefined || after === undefined || rest.length > 0) {
    throw new Error(`Expected one call of super, as cdk init writes it:\n${stack}`);
  }
  return `${needed.join('\n')}\n${before}super(scope, id, props);${[...given.body, ...body].join('\n    ')}${after}`;
}

/** `import { A } from 'b';` → `const { A } = require('b');` */
function asRequire(line: string): string {
  const [, names = '', from = ''] = /^import (?:\* as )?(.+) from ('.+');$/.exec(line) ?? [];
  return `const ${names} = require(${from});`;
}

/** What the app's own jest test asserts of the stack. */
export const assertions = `
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::SecretsManager::RotationSchedule', 1);
    template.hasResourceProperties('AWS::SecretsManager::RotationSchedule', { RotateImmediatelyOnUpdate: false });
    template.hasResourceProperties('AWS::Scheduler::Schedule', { ScheduleExpression: 'cron(0 3 1 * ? *)' });
    expect(Object.keys(template.findResources('AWS::StepFunctions::StateMachine')).length).toBeGreaterThan(0);`;
