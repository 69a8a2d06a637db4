import { install, writeApp } from './install-app.ts';
import { outcomeOf, run } from './run-command.ts';
import { tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

describe('aws-cdk-lib 2.180.0, which is below the minimum', () => {
  const app = temporaryFolder('cdk-below-minimum');
  beforeAll(async () => {
    // Exactly, as cdk init of that time wrote it.
    const dependencies = { 'aws-cdk-lib': '2.180.0', constructs: '^10.0.0' };
    await writeApp(app, { 'package.json': { name: 'shop', version: '1.0.0', private: true, dependencies } });
    await install(app);
  });

  test('npm refuses to install Keyturn beside it', async () => {
    const { code, stderr } = await outcomeOf(app, ['npm', 'install', tarballs.keyturn]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ERESOLVE/);
    expect(stderr).toMatch(/peer aws-cdk-lib@"\^2\.186\.0" from keyturn@/);
  });

  test('an app that was installed against the advice of npm learns in one line what is expected', async () => {
    await install(app, '--legacy-peer-deps', tarballs.keyturn);
    for (const load of ["require('keyturn')", "await import('keyturn')"]) {
      const program = `(async () => { try { ${load} } catch (error) { console.log(error.message) } })()`;
      expect(await run(app, ['node', '-e', program])).toMatch(
        /^[^\n]*expected aws-cdk-lib 2\.186\.0 or newer[^\n]*\n$/,
      );
    }
    const { code, stderr } = await outcomeOf(app, ['node', 'node_modules/keyturn/dist/app.js']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('expected aws-cdk-lib 2.186.0 or newer');
  });
});
