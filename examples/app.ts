import { App } from 'aws-cdk-lib';
import { ExampleStack } from './stack/example-stack.ts';

const app = new App();
new ExampleStack(app, 'KeyturnExample', {
  description: 'An application on rotating secrets: login, items and chat, with Keyturn beside it',
});
app.synth();
