import { mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeHandler } from '../../tools/bundle.ts';
import { root } from '../house/blocks.ts';
import { makeJavaScriptApp, synthesize, type Template, WITHOUT_VALIDATION } from './cdk-app.ts';
import { fileDigests } from './file-digests.ts';
import { installedCopies } from './install-app.ts';
import { run } from './run-command.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe("today's cdk init app in JavaScript", () => {
  const parent = temporaryFolder('javascript');
  const bundles = temporaryFolder('bundles');
  let app: string;
  let template: Template;
  beforeAll(async () => {
    app = await makeJavaScriptApp(parent);
    template = await synthesize(app);
  });

  test('has one aws-cdk-lib', async () => {
    expect(await installedCopies(app, 'aws-cdk-lib')).toEqual(['node_modules/aws-cdk-lib']);
  });

  test("synthesizes README's snippet", () => {
    const types = Object.values(template.Resources).map(({ Type }) => Type);
    expect(types).toContain('AWS::SecretsManager::RotationSchedule');
    expect(types).toContain('AWS::StepFunctions::StateMachine');
  });

  test('passes its own jest test, which asserts on the template', async () => {
    await run(app, ['npm', 'test'], WITHOUT_VALIDATION);
  });

  test('the package holds every function, byte for byte as the bundler of the repository makes it now', () => {
    const packed = join(app, 'node_modules/keyturn/dist/handlers');
    const handlers = readdirSync(join(root, 'handlers')).filter((name) => name.endsWith('.ts'));
    const names = handlers.map((name) => basename(name, '.ts')).sort();
    expect(readdirSync(packed).sort()).toEqual(names);
    for (const name of names) {
      const made = join(bundles, name);
      mkdirSync(made);
      // What `bundleHandler` keeps for a run, made anew.
      writeHandler(join(root, 'handlers', `${name}.ts`), made);
      expect({ name, files: fileDigests(join(packed, name)) }).toEqual({ name, files: fileDigests(made) });
    }
  });

  test('the assembly holds the functions of the package, byte for byte', () => {
    const packed = join(app, 'node_modules/keyturn/dist/handlers');
    const inPackage = readdirSync(packed).map((name) => JSON.stringify(fileDigests(join(packed, name))));
    const assets = assetFolders(template);
    expect(assets.length).toBeGreaterThan(8);
    for (const asset of assets) expect(inPackage).toContain(JSON.stringify(fileDigests(join(app, 'cdk.out', asset))));
  });
});

/** The folders of the assembly that functions are deployed from. */
function assetFolders({ Resources }: Template): string[] {
  return Object.values(Resources).flatMap(({ Type, Metadata }) => {
    const asset = (Metadata as Record<string, string> | undefined)?.['aws:asset:path'];
    return Type === 'AWS::Lambda::Function' && asset !== undefined ? [asset] : [];
  });
}
