// The templates that development starts with: one of each sort that sends, and one of each state that refuses.
import type { TemplateSettings } from './settings.ts';

export const devTemplates: TemplateSettings[] = [
  {
    name: 'order_confirmation',
    language: 'id_ID',
    status: 'APPROVED',
    category: 'UTILITY',
    components: [
      {
        type: 'BODY',
        text: 'Halo {{1}}, pesanan {{2}} sudah kami terima. Terima kasih!',
        example: { body_text: [['Budi', 'ORD-12345']] },
      },
    ],
  },
  {
    name: 'reengagement',
    language: 'id_ID',
    status: 'APPROVED',
    category: 'UTILITY',
    components: [
      { type: 'BODY', text: 'Halo, ada kabar baru tentang pesanan Anda. Balas pesan ini untuk lanjut.' },
    ],
  },
  {
    name: 'order_shipped',
    language: 'en_US',
    status: 'APPROVED',
    category: 'UTILITY',
    components: [
      { type: 'HEADER', format: 'TEXT', text: 'Order {{1}}', example: { header_text: ['ORD-12345'] } },
      { type: 'BODY', text: 'Hello {{1}}, your order is on its way.', example: { body_text: [['Ana']] } },
      { type: 'FOOTER', text: 'Kopi Senja' },
      {
        type: 'BUTTONS',
        buttons: [
          { type: 'URL', text: 'Track', url: 'https://kopi.example.com/orders/{{1}}', example: ['12345'] },
          { type: 'QUICK_REPLY', text: 'Stop updates' },
        ],
      },
    ],
  },
  {
    name: 'invoice',
    language: 'id_ID',
    status: 'APPROVED',
    category: 'UTILITY',
    components: [
      { type: 'HEADER', format: 'DOCUMENT', example: { header_handle: ['4::aW52b2ljZS5wZGY='] } },
      { type: 'BODY', text: 'Faktur {{1}} terlampir.', example: { body_text: [['INV-1']] } },
    ],
  },
  {
    name: 'new_menu',
    language: 'id_ID',
    status: 'APPROVED',
    category: 'MARKETING',
    components: [
      { type: 'HEADER', format: 'IMAGE', example: { header_handle: ['4::bWVudS5qcGc='] } },
      { type: 'BODY', text: 'Menu baru kami sudah ada, {{1}}!', example: { body_text: [['Siti']] } },
      {
        type: 'BUTTONS',
        buttons: [
          { type: 'QUICK_REPLY', text: 'Lihat menu' },
          { type: 'COPY_CODE', example: ['SENJA20'] },
        ],
      },
    ],
  },
  {
    name: 'delivery_window',
    language: 'en_US',
    status: 'APPROVED',
    category: 'UTILITY',
    parameter_format: 'NAMED',
    components: [
      {
        type: 'BODY',
        text: 'Hi {{customer_name}}, we deliver on {{day}}. See you then.',
        example: {
          body_text_named_params: [
            { param_name: 'customer_name', example: 'Ana' },
            { param_name: 'day', example: 'Friday' },
          ],
        },
      },
    ],
  },
  {
    name: 'login_code',
    language: 'id_ID',
    status: 'APPROVED',
    category: 'AUTHENTICATION',
    components: [
      {
        type: 'BODY',
        text: '*{{1}}* adalah kode verifikasi Anda.',
        add_security_recommendation: true,
        example: { body_text: [['123456']] },
      },
      { type: 'FOOTER', text: 'Kode ini kedaluwarsa dalam 10 menit.', code_expiration_minutes: 10 },
      {
        type: 'BUTTONS',
        buttons: [{ type: 'OTP', otp_type: 'COPY_CODE', text: 'Salin kode', example: ['123456'] }],
      },
    ],
  },
  {
    name: 'paused_offer',
    language: 'id_ID',
    status: 'PAUSED',
    category: 'MARKETING',
    components: [{ type: 'BODY', text: 'Diskon hari ini!' }],
  },
  {
    name: 'disabled_offer',
    language: 'id_ID',
    status: 'DISABLED',
    category: 'MARKETING',
    components: [{ type: 'BODY', text: 'Diskon kemarin!' }],
  },
  {
    name: 'rejected_offer',
    language: 'id_ID',
    status: 'REJECTED',
    category: 'MARKETING',
    components: [{ type: 'BODY', text: 'MENANG!!!' }],
  },
  {
    name: 'pending_offer',
    language: 'id_ID',
    status: 'PENDING',
    category: 'MARKETING',
    components: [{ type: 'BODY', text: 'Diskon besok.' }],
  },
];
