import type { RunningCloud } from '../create-cloud.ts';

export function addAdminRoutes(cloud: RunningCloud): void {
  cloud.routes.add('/_local/health', () => ({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status: 'ok', services: [...cloud.services.keys()].sort() }),
  }));
}
