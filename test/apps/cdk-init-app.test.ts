import { makeTypeScriptApp, templateOf, WITHOUT_VALIDATION } from './cdk-app.ts';
import { installedCopies } from './install-app.ts';
import { run } from './run-command.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe("today's cdk init app in TypeScript", () => {
  const parent = temporaryFolder('cdk-init');
  let app: string;
  beforeAll(async () => {
    app = await makeTypeScriptApp(parent);
  });

  test('has one aws-cdk-lib', async () => {
    expect(await installedCopies(app, 'aws-cdk-lib')).toEqual(['node_modules/aws-cdk-lib']);
  });

  test("type-checks README's snippet and synthesizes it, as its cdk.json says, with the CDK's validation", async () => {
    await run(app, ['npx', 'cdk', 'synth', '--quiet', '--no-notices']);
    const types = Object.values((await templateOf(app)).Resources).map(({ Type }) => Type);
    expect(types).toContain('AWS::SecretsManager::RotationSchedule');
    expect(types).toContain('AWS::StepFunctions::StateMachine');
  });

  test('passes its own jest test, which asserts on the template', async () => {
    await run(app, ['npm', 'test'], WITHOUT_VALIDATION);
  });
});
