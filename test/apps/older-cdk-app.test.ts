import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeJavaScriptApp, makeOlderApp, synthesize, templateAt, WITHOUT_VALIDATION } from './cdk-app.ts';
import { installedCopies } from './install-app.ts';
import { run } from './run-command.ts';
import { templateDifferences } from './template-differences.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** In what the templates of the oldest and the newest CDK may differ, and why it does not matter. */
const explained = [
  {
    place: /^Resources\.ApiLogGroup\w+: only in the newer$/,
    count: 1,
    reason: "The log group of the app's own function: today's cdk init sets the flag useCdkManagedLogGroup.",
  },
  {
    place:
      /^Resources\.KeyturnWorkflow\w+Role\w+\.Properties\.AssumeRolePolicyDocument\.Statement\.0\.Condition: only in the newer$/,
    count: 5,
    reason: 'The newer CDK names in the trust of a state machine role whose state machines may assume it.',
  },
];

describe('an app of March 2025: TypeScript 5.6, CommonJS, ts-node, ts-jest, aws-cdk-lib 2.186.0', () => {
  const parent = temporaryFolder('older-cdk');
  const today = temporaryFolder('newest-cdk');
  let app: string;
  beforeAll(async () => {
    app = await makeOlderApp(parent);
  });

  test('has one aws-cdk-lib', async () => {
    expect(await installedCopies(app, 'aws-cdk-lib')).toEqual(['node_modules/aws-cdk-lib']);
  });

  test("type-checks README's snippet, declarations of libraries included", async () => {
    expect(await run(app, ['npx', 'tsc', '--version'])).toMatch(/^Version 5\.6\./);
    await run(app, ['npx', 'tsc', '--noEmit', '--skipLibCheck', 'false']);
  });

  test('passes its own jest test, which asserts on the template', async () => {
    await run(app, ['npm', 'test'], WITHOUT_VALIDATION);
  });

  test("synthesizes, and differs from today's template in nothing that matters", async () => {
    const [older, newer] = [await synthesize(app), await synthesize(await makeJavaScriptApp(today))];
    expect(Object.values(older.Resources).map(({ Type }) => Type)).toContain('AWS::StepFunctions::StateMachine');
    const found = templateDifferences(older, newer);
    expect(found.filter((line) => !explained.some(({ place }) => place.test(line)))).toEqual([]);
    // An explanation that explains nothing any more goes.
    for (const { place, count, reason } of explained)
      expect({ reason, count: found.filter((line) => place.test(line)).length }).toEqual({ reason, count });
  });

  test('writes both permissions of a function URL, which this CDK does not know', async () => {
    const tokens = {
      kind: 'jwt',
      secret: { new: { name: 'tokens', template: {} } },
      algorithm: 'ES256',
      publicKeys: {},
    };
    await writeFile(join(app, 'keys.json'), JSON.stringify({ secrets: { tokens } }));
    await run(app, ['node', 'node_modules/keyturn/dist/app.js'], {
      ...WITHOUT_VALIDATION,
      CDK_OUTDIR: join(app, 'of-keys'),
      CDK_CONTEXT_JSON: JSON.stringify({ manifest: join(app, 'keys.json') }),
    });
    const { Resources } = await templateAt(join(app, 'of-keys/Keyturn.template.json'));
    const open = Object.values(Resources)
      .map(({ Type, Properties }) => ({ Type, ...(Properties as Record<string, unknown>) }) as Record<string, unknown>)
      .filter(({ Type, Principal }) => Type === 'AWS::Lambda::Permission' && Principal === '*')
      .map(({ Type: _type, FunctionName: _function, ...rest }) => rest);
    expect(open).toEqual([
      { Action: 'lambda:InvokeFunctionUrl', Principal: '*', FunctionUrlAuthType: 'NONE' },
      { Action: 'lambda:InvokeFunction', Principal: '*', InvokedViaFunctionUrl: true },
    ]);
  });
});
