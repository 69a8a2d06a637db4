import { App } from 'aws-cdk-lib';
import { KeyturnError, ManifestStack, readManifest } from '../stacks/index.ts';

const app = new App();
// cdk.json names the example; another one is `cdk deploy -c manifest=keyturn.json`.
const path = String(app.node.tryGetContext('manifest'));
try {
  new ManifestStack(app, 'Keyturn', {
    manifest: readManifest(path),
    description: `Keyturn: rotates the secrets of ${path}`,
  });
  app.synth();
} catch (error) {
  if (!(error instanceof KeyturnError)) throw error;
  // What is wrong with a manifest is told without a stack trace.
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
