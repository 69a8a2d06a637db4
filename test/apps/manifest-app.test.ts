import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../house/blocks.ts';
import { NEWEST_CDK, WITHOUT_VALIDATION } from './cdk-app.ts';
import { install, writeApp } from './install-app.ts';
import { outcomeOf, run } from './run-command.ts';
import { asLocked, tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('a manifest without an app of its own', () => {
  const folder = temporaryFolder('manifest');
  beforeAll(async () => {
    await writeApp(folder, {
      'package.json': { name: 'shop', version: '1.0.0', private: true },
      'broken.json': { pipeline: 'keyturn', secrets: { database: { kind: 'postgrs' } } },
      'half.json': '{ "pipeline": "keyturn",\n',
    });
    await cp(join(root, 'examples/keyturn.json'), join(folder, 'keyturn.json'));
    await install(folder, NEWEST_CDK, asLocked('constructs'), asLocked('aws-cdk'), tarballs.keyturn);
  });

  const app = 'node node_modules/keyturn/dist/app.js';
  const synth = (manifest?: string) =>
    ['npx', 'cdk', 'synth', '--quiet', '--app', app].concat(manifest ? ['-c', `manifest=${manifest}`] : []);

  test('is synthesized by the app in the package', async () => {
    await run(folder, synth('keyturn.json'), WITHOUT_VALIDATION);
    const template = JSON.parse(await readFile(join(folder, 'cdk.out/Keyturn.template.json'), 'utf8'));
    const types = Object.values<{ Type: string }>(template.Resources).map(({ Type }) => Type);
    expect(types.filter((type) => type === 'AWS::SecretsManager::RotationSchedule')).toHaveLength(3);
    expect(types).toContain('AWS::StepFunctions::StateMachine');
  });

  test('is synthesized with the same flags as in a clone: the templates are equal', async () => {
    const packed = JSON.parse(await readFile(join(folder, 'cdk.out/Keyturn.template.json'), 'utf8'));
    const outdir = join(folder, 'of-the-clone');
    const manifest = `manifest=${join(folder, 'keyturn.json')}`;
    await run(root, ['npx', 'cdk', 'synth', '--quiet', '--output', outdir, '-c', manifest], WITHOUT_VALIDATION);
    const cloned = JSON.parse(await readFile(join(outdir, 'Keyturn.template.json'), 'utf8'));
    // The description names the manifest by the path that was given.
    expect({ ...packed, Description: '' }).toEqual({ ...cloned, Description: '' });
  });

  test.each([
    ['broken.json', /^The manifest is not valid: secrets\.database\.kind: expected .*$/],
    ['half.json', /^half\.json is no JSON: look in line \d+ for a comma or quote too many, or missing\.$/],
    [undefined, /^No manifest is named\. Name one: cdk synth -c manifest=keyturn\.json$/],
    ['missing.json', /^missing\.json: there is no such file\. .*$/],
  ])('manifest=%s ends in one line without a stack trace', async (manifest, line) => {
    const { code, stdout, stderr } = await outcomeOf(folder, synth(manifest), WITHOUT_VALIDATION);
    const [ours, ofTheCdk, ...more] = stderr.trim().split('\n');
    expect({ code, stdout, ours, more }).toEqual({ code: 1, stdout: '', ours: expect.stringMatching(line), more: [] });
    expect(ofTheCdk).toMatch(/^node .*app\.js: Subprocess exited with error 1$/);
  });
});
