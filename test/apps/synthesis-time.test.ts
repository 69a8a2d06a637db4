import { NEWEST_CDK, WITHOUT_VALIDATION } from './cdk-app.ts';
import { install, writeApp } from './install-app.ts';
import { printFigure } from './print-figure.ts';
import { withSnippet } from './readme-snippet.ts';
import { run } from './run-command.ts';
import { asLocked, tarballs } from './tarballs.ts';
import { temporaryFolder } from './temporary-folder.ts';

const app = temporaryFolder('synthesis');
const GOAL_SECONDS = 1;
/** What other programs of a busy machine cost: user time grows with them too. */
const ALLOWANCE = 4;

const emptyStack = `const { App, Stack } = require('aws-cdk-lib');
class ShopStack extends Stack {
  constructor(scope, id, props) {
    super(scope, id, props);
  }
}
new ShopStack(new App({ outdir: 'cdk.out' }), 'ShopStack').node.root.synth();
// Of this process alone: no command line of the CDK around it.
console.log(process.cpuUsage().user / 1e6);
`;

test('an app with one secret is synthesized from the package within a second of user time', async () => {
  await writeApp(app, {
    'package.json': { name: 'shop', version: '1.0.0', private: true },
    'app.js': withSnippet(emptyStack, 'javascript'),
    'empty.js': emptyStack,
  });
  await install(app, NEWEST_CDK, asLocked('constructs'), tarballs.keyturn);
  const seconds = async (file: string) => Number(await run(app, ['node', file], WITHOUT_VALIDATION));
  const empty = await seconds('empty.js');
  const runs = [await seconds('app.js'), await seconds('app.js'), await seconds('app.js')];
  const least = Math.min(...runs);
  printFigure('synthesis of one secret', `${least.toFixed(2)} s of user time; an empty stack ${empty.toFixed(2)} s`);
  expect(least).toBeLessThan(GOAL_SECONDS * ALLOWANCE);
});
