import { App, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { ConvergenceStack } from '../../../bench/lab/convergence-stack.ts';
import { CostsStack } from '../../../bench/lab/costs-stack.ts';
import { FleetStack } from '../../../bench/lab/fleet-stack.ts';
import { ExampleStack } from '../../../examples/stack/example-stack.ts';
import { readManifest } from '../../../pipeline/contracts/manifest/manifest-file.ts';
import { parseManifest } from '../../../pipeline/contracts/manifest/manifest-safety.ts';
import { ManifestStack } from '../../../stacks/manifest-stack.ts';
import { LabStack } from '../../scenarios/lab/lab-stack.ts';
import { completeManifest } from '../manifests/complete-manifest.ts';
import { reasonFor, reasons } from './reasons.ts';
import { hasWildcard, type Right, rightsOf } from './statements.ts';

const make = (build: (app: App) => Stack) => Template.fromStack(build(new App())).toJSON();
const stacks: Record<string, () => Record<string, any>> = {
  'of a manifest with every key': () =>
    make((app) => new ManifestStack(app, 'Keyturn', { manifest: parseManifest(completeManifest) })),
  'of the example manifest': () =>
    make((app) => new ManifestStack(app, 'Keyturn', { manifest: readManifest('examples/keyturn.json') })),
  'of the example': () => make((app) => new ExampleStack(app, 'Example', {})),
  'of the costs': () => make((app) => new CostsStack(app, 'Bench')),
  'of the convergence': () => make((app) => new ConvergenceStack(app, 'Bench')),
  'of the lab': () => make((app) => new LabStack(app, 'Lab')),
  'of the fleet': () => make((app) => new FleetStack(app, 'Bench')),
};

const rights: { stack: string; right: Right }[] = [];
beforeAll(() => {
  for (const [stack, template] of Object.entries(stacks)) {
    rights.push(...rightsOf(template()).map((right) => ({ stack, right })));
  }
});

test('every right with a wildcard, in every stack, has its reason', () => {
  const without = rights.filter(({ right }) => hasWildcard(right) && !reasonFor(right));
  const shown = without.map(({ stack, right }) => `${stack}: ${right.holder} ${right.action} ${right.resource}`);
  expect([...new Set(shown)]).toEqual([]);
});

test('every reason is the reason of something', () => {
  const used = new Set(rights.filter(({ right }) => hasWildcard(right)).map(({ right }) => reasonFor(right)));
  expect(reasons.filter((reason) => !used.has(reason)).map(({ because }) => because)).toEqual([]);
});

test('a wildcard in an action stands in refusals, and in what a key says of itself', () => {
  const broad = rights.filter(({ right }) => right.action.includes('*') && right.effect === 'Allow');
  expect(broad.filter(({ right }) => right.holder !== 'SecretsKey')).toEqual([]);
});

test('what everybody may do is to invoke through the URL of public keys, by both rights and no others', () => {
  const open = rights.filter(({ right }) => right.principal === '*' && right.effect === 'Allow');
  expect(open.length).toBeGreaterThan(0);
  expect(new Set(open.map(({ right }) => `${right.action} ${right.conditions}`))).toEqual(
    new Set([
      'lambda:InvokeFunctionUrl {"FunctionUrlAuthType":"NONE"}',
      'lambda:InvokeFunction {"InvokedViaFunctionUrl":true}',
    ]),
  );
});

test('no role may change a policy, put code, pass a role or delete a secret', () => {
  const forbidden =
    /^(iam:(Put|Attach|Detach|Update|PassRole|CreateRole)|lambda:UpdateFunctionCode|secretsmanager:(DeleteSecret|PutResourcePolicy)|kms:PutKeyPolicy)/;
  const ofManifests = rights.filter(({ stack }) => stack.includes('manifest'));
  expect(ofManifests.filter(({ right }) => forbidden.test(right.action))).toEqual([]);
});
