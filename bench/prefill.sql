-- Copies of what is registered, as of earlier fiscal years: each copy a year further back, and
-- the 課税年度 in the barcode with them, as ten million real payments would have come in.
-- Constraints are satisfied by construction, so their triggers rest; every index is kept up.
SET session_replication_role = replica;
INSERT INTO receipts_receiptfile (id, name, agency_id, business_id, asked_layout, asked_business, layout_code,
  layout_version, size, sha256, stored_as, door, received_at, received_by_name, state, accept_partial, lines,
  accepted, duplicate, rejected, records, payments_created, totals, newline, final_newline, run, worker, attempts,
  purged_sha256, cancelled_by_name, cancel_reason)
SELECT id - k, name, agency_id, business_id, asked_layout, asked_business, layout_code, layout_version, size,
  lpad(k::text, 64, '0'), '', door, received_at, received_by_name, state, accept_partial, lines, accepted,
  duplicate, rejected, records, payments_created, totals, newline, final_newline, '', '', 0, '', '', ''
FROM receipts_receiptfile, generate_series(1, :copies) k WHERE state = 'done';
INSERT INTO receipts_receiptline (id, verdict, raw, file_id)
SELECT l.id - k * 4294967296, l.verdict, l.raw, l.file_id - k
FROM generate_series(1, :copies) k, receipts_receiptline l;
INSERT INTO payments_payment (id, state, received_on, received_time, barcode, company_code, store_code, occurrence,
  amount, transfer_due_on, accounted_on, agency_id, brand_id, business_id)
SELECT id - k * 4294967296, state, received_on - k * 365, received_time,
  overlay(barcode placing lpad((substr(barcode, 15, 2)::int - k)::text, 2, '0') from 15 for 2),
  company_code, store_code, occurrence, amount, transfer_due_on, accounted_on, agency_id, brand_id, business_id
FROM generate_series(1, :copies) k, payments_payment;
INSERT INTO payments_paymententry (line_id, payment_id, data_type, counted)
SELECT line_id - k * 4294967296, payment_id - k * 4294967296, data_type, counted
FROM generate_series(1, :copies) k, payments_paymententry;
SET session_replication_role = origin;
VACUUM ANALYZE payments_payment, payments_paymententry, receipts_receiptline;
