import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createCloud } from '../../../packages/laptop/create-cloud.ts';
import { createCertificateAuthority } from '../../../packages/laptop/postgres/certificates.ts';
import createSecretsManagerService from '../../../packages/laptop/services/secretsmanager/service.ts';
import type { Check } from '../../../pipeline/checks/check.ts';
import { runCheck } from '../../../pipeline/checks/run-check.ts';
import { clientOptions } from '../../packages/laptop/wire/probe.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Servers whose answers a test decides, and a secret to check them with. */
export async function startVendor() {
  const cloud = await createCloud({ services: [createSecretsManagerService] as never, log: () => {} });
  const secretsManager = new SecretsManagerClient(clientOptions(cloud));
  const received: { path: string; headers: IncomingMessage['headers']; body: string }[] = [];
  const vendor: { answer: Answer } = { answer: (_request, response) => response.end('fine') };
  const listener = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const part of request) body += part;
    received.push({ path: request.url ?? '', headers: request.headers, body });
    vendor.answer(request, response);
  };
  const authority = await createCertificateAuthority('A vendor’s own CA');
  const { certificatePem: cert, privateKeyPem } = await authority.issue({ hosts: ['127.0.0.1'] });
  const servers = [createServer(listener), createTlsServer({ cert, key: privateKeyPem }, listener)];
  const [plain, tls] = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as { port: number }).port;
    }),
  );

  const run = async (type: string, check: Check<any>, parameters: Record<string, unknown>, value = 'the-key-1') => {
    const secret = await secretsManager.send(
      new CreateSecretCommand({ Name: `app/${randomUUID()}`, SecretString: value }),
    );
    const settings = {
      name: type,
      type,
      functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:check',
      parameters,
    };
    const request = { check: settings, secretArn: secret.ARN, secretName: 'app/key', versionId: secret.VersionId };
    return runCheck({ [type]: check }, request, () => new Date());
  };
  return {
    cloud,
    secretsManager,
    received,
    run,
    url: `http://127.0.0.1:${plain}`,
    tlsUrl: `https://127.0.0.1:${tls}`,
    answer(next: Answer) {
      vendor.answer = next;
    },
    forget() {
      received.length = 0;
      cloud.recorder.clear();
      vendor.answer = (_request, response) => response.end('fine');
    },
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
      await cloud.close();
    },
  };
}
