import { App } from 'aws-cdk-lib';
import { ConsumersStack } from './consumers-stack.ts';

const app = new App();
new ConsumersStack(app, 'Consumers');
app.synth();
