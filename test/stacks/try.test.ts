import { App } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { parseManifest } from '../../pipeline/contracts/manifest/manifest-safety.ts';
import { ManifestStack } from '../../stacks/manifest-stack.ts';
import { completeManifest } from './manifests/complete-manifest.ts';
test('x', () => {
  const app = new App();
  const checks = new AwsSolutionsChecks(app);
  new ManifestStack(app, 'T', { manifest: parseManifest(completeManifest) });
  app.synth();
  console.log(JSON.stringify(checks.validateScope(app), null, 1));
});
