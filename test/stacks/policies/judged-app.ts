import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ManifestStack, readManifest } from '../../../stacks/index.ts';

/** What `bin/app.ts` makes of each manifest, under the rules of AwsSolutions: synthesis fails on a finding without a reason. */
const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
const paths: string[] = JSON.parse(process.env.MANIFESTS ?? '[]');
paths.forEach((path, index) => {
  const { pipeline } = new ManifestStack(app, `Keyturn${index}`, { manifest: readManifest(path) });
  // A test of the test: a statement without a reason.
  const surplus = process.env.SURPLUS_RESOURCE;
  if (surplus) pipeline.rotationFunction('jwt').allow(['sqs:SendMessage'], [surplus]);
});
app.synth();
