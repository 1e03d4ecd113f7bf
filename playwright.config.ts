import { defineConfig } from '@playwright/test';
import { CHROMIUM_FLAGS } from './src/cli/chromium.ts';

const executablePath = process.env['CHROMIUM_PATH'];
const port = Number(process.env['GLASSBOX_E2E_PORT'] ?? 5183);

/** End-to-end tests of the built page (`npm run build` first; `npm test` does all of it). */
export default defineConfig({
  testDir: 'e2e',
  timeout: 90_000,
  expect: { timeout: 15_000 },
  workers: 1,
  retries: process.env['CI'] ? 1 : 0,
  forbidOnly: true,
  outputDir: 'test-results',
  use: {
    baseURL: `http://localhost:${port}`,
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      args: [...CHROMIUM_FLAGS],
      ...(executablePath === undefined ? {} : { executablePath }),
    },
  },
  webServer: {
    command: `npx vite preview --port ${port} --strictPort`,
    url: `http://localhost:${port}`,
    reuseExistingServer: false,
    timeout: 60_000,
  },
});
