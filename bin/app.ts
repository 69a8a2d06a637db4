import { App } from 'aws-cdk-lib';
import { readManifest } from '../pipeline/contracts/manifest-file.ts';
import { ManifestStack } from '../stacks/manifest-stack.ts';

const app = new App();
const path = app.node.tryGetContext('manifest');
const manifest = readManifest(path);
new ManifestStack(app, 'Keyturn', {
  manifest,
  description: `Keyturn: rotates the secrets of ${path}`,
});
app.synth();
