import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { dataFiles } from './data/vite-plugin.ts';
import { iced } from './wasm/iced/vite-plugin.ts';

export default defineConfig({
  // Relative addresses: the built page works from any folder of any static host.
  base: './',
  plugins: [svelte(), iced(), dataFiles()],
  worker: { format: 'es', plugins: () => [iced()] },
  build: { target: 'es2023', chunkSizeWarningLimit: 4000 },
  optimizeDeps: { exclude: ['iced-x86'] },
  server: { strictPort: true },
  test: {
    include: ['src/**/*.test.ts', 'wasm/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000, // assembling a program, on a machine that has much else to do
    pool: 'forks',
    maxWorkers: '100%', // the default leaves one core idle: half of two
  },
});
