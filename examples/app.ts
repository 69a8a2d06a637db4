import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ExampleStack } from './stack/example-stack.ts';

const app = new App();
// AWS's own rules of a good house: synthesis fails on a finding without a reason.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
new ExampleStack(app, 'KeyturnExample', {
  description: 'An application on rotating secrets: login, items and chat, with Keyturn beside it',
});
app.synth();
