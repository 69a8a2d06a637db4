import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { install, writeApp } from './install-app.ts';
import { environmentOutside, outcomeOf } from './run-command.ts';
import { tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

const USAGE = 2;
const NOT_FOUND = 3;
/** A user that owns nothing. */
const STRANGER = 65_534;

const app = temporaryFolder('bad-input');
const node = temporaryFolder('node18');
beforeAll(async () => {
  await writeApp(app, { 'package.json': { name: 'shop', version: '1.0.0', private: true } });
  await install(app, tarballs.keyturn);
});

test('keyturn local without the laptop says how it is installed', async () => {
  for (const words of [[], ['--empty'], ['--assembly', 'cdk.out']]) {
    expect(await outcomeOf(app, ['npx', 'keyturn', 'local', ...words])).toEqual({
      code: NOT_FOUND,
      stdout: '',
      stderr: 'keyturn: The laptop is not installed here. Run: npm install --save-dev @keyturn/laptop\n',
    });
  }
});

describe('with the laptop installed', () => {
  beforeAll(() => install(app, '--save-dev', tarballs.laptop));

  test('each command ends on Node.js 18 in one line that says what it expects', async () => {
    await writeApp(node, { 'package.json': { name: 'node18', version: '1.0.0', private: true } });
    await install(node, 'node@18');
    const node18 = join(node, 'node_modules/node/bin/node');
    for (const [name, file] of [
      ['keyturn', 'keyturn/bin/keyturn.js'],
      ['laptop', '@keyturn/laptop/bin/laptop.js'],
    ]) {
      const { code, stdout, stderr } = await outcomeOf(app, [node18, join('node_modules', `${file}`), '--version']);
      expect({ code, stdout }).toEqual({ code: USAGE, stdout: '' });
      expect(stderr).toMatch(new RegExp(`^${name}: expected Node\\.js 20 or newer, this is 18\\.\\d+\\.\\d+\\.\\n$`));
    }
  });

  test('a user who may write neither to the packages nor to the folder runs them all the same', () => {
    execFileSync('chmod', ['-R', 'a+rX,a-w', app]);
    const asStranger = (...[program = '', ...words]: string[]) => {
      const { status, stdout, stderr } = spawnSync(program, words, {
        cwd: app,
        encoding: 'utf8',
        env: { ...environmentOutside(), HOME: '/nonexistent' },
        // An administrator may write everywhere, so the test gives that right up.
        ...(process.getuid?.() === 0 ? { uid: STRANGER, gid: STRANGER } : {}),
      });
      return { status, stdout, stderr };
    };
    try {
      const version = { status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/), stderr: '' };
      expect(asStranger('touch', 'written').status).not.toBe(0);
      expect(asStranger('node_modules/.bin/keyturn', '--version')).toEqual(version);
      expect(asStranger('node_modules/.bin/laptop', '--version')).toEqual(version);
      expect(asStranger('node_modules/.bin/keyturn', 'local', '--assembly', 'none')).toEqual({
        status: USAGE,
        stdout: '',
        stderr: expect.stringMatching(/^keyturn: none: expected a folder that "cdk synth" made, .*\n$/),
      });
    } finally {
      execFileSync('chmod', ['-R', 'u+w', app]);
    }
  });
});
