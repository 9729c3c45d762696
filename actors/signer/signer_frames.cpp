#include "actors/signer/signer_frames.hpp"

#include "actors/signer/signer_error.hpp"
#include "messages/schema/signer_generated.h"

#include <algorithm>
#include <array>
#include <utility>

namespace sett::signer {

namespace {

std::unexpected<error> bad(std::string_view what) {
  return fail(area, signer_errc::bad_frame, "a frame of the signer's socket " + std::string(what));
}

fb::Address32 to_fb(const address& a) { return fb::Address32(flatbuffers::span<const std::uint8_t, 32>(a.bytes)); }
address of_fb(const fb::Address32& a) {
  address out;
  std::copy_n(a.bytes()->data(), address::size, out.bytes.begin());
  return out;
}

std::string framed(flatbuffers::FlatBufferBuilder& b) {
  const auto size = b.GetSize();
  std::string out;
  out.reserve(4 + size);
  for (unsigned i = 0; i < 4; ++i) out += static_cast<char>(size >> (8 * i) & 0xffU);
  out.append(reinterpret_cast<const char*>(b.GetBufferPointer()), size);
  return out;
}

const fb::SignerFrame* verified(std::string_view frame) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(frame.data());
  flatbuffers::Verifier check(data, frame.size(), 8, 2000);
  if (frame.size() < 8 || !fb::VerifySignerFrameBuffer(check)) return nullptr;
  return fb::GetSignerFrame(data);
}

struct ask_writer {
  flatbuffers::FlatBufferBuilder& b;
  std::pair<fb::SignerAsk, flatbuffers::Offset<void>> operator()(const sign_ask& a) const {
    const auto message = b.CreateVector(a.request.message);
    const auto wallet = to_fb(a.request.wallet);
    return {fb::SignerAsk::SignAsk,
            fb::CreateSignAsk(b, &wallet, message, a.request.totals.hour.value, a.request.totals.day.value,
                              a.request.halt_number, a.request.halted)
                .Union()};
  }
  std::pair<fb::SignerAsk, flatbuffers::Offset<void>> operator()(const halt_ask& a) const {
    const auto wallet = to_fb(a.wallet);
    return {fb::SignerAsk::HaltAsk, fb::CreateHaltAsk(b, &wallet, a.number).Union()};
  }
  std::pair<fb::SignerAsk, flatbuffers::Offset<void>> operator()(const resume_ask& a) const {
    const auto wallet = to_fb(a.wallet);
    return {fb::SignerAsk::ResumeAsk, fb::CreateResumeAsk(b, &wallet, a.number).Union()};
  }
  std::pair<fb::SignerAsk, flatbuffers::Offset<void>> operator()(const status_ask&) const {
    return {fb::SignerAsk::StatusAsk, fb::CreateStatusAsk(b).Union()};
  }
};

struct answer_writer {
  flatbuffers::FlatBufferBuilder& b;
  using written = std::pair<fb::SignerAnswer, flatbuffers::Offset<void>>;
  written operator()(const signature& s) const {
    const auto bytes = fb::SignerSignature(flatbuffers::span<const std::uint8_t, 64>(s.bytes));
    return {fb::SignerAnswer::SignedAnswer, fb::CreateSignedAnswer(b, &bytes).Union()};
  }
  written operator()(const refused& r) const {
    const auto text = b.CreateString(r.text);
    return {fb::SignerAnswer::RefusedAnswer,
            fb::CreateRefusedAnswer(b, static_cast<std::uint8_t>(r.why), text).Union()};
  }
  written operator()(const halt_answer& h) const {
    return {fb::SignerAnswer::HaltAnswer, fb::CreateHaltAnswer(b, h.stored, h.number).Union()};
  }
  written operator()(const std::vector<wallet_status>& all) const {
    std::vector<flatbuffers::Offset<fb::WalletLine>> lines;
    for (const auto& w : all) {
      const auto name = b.CreateString(w.name), group = b.CreateString(w.group);
      const auto wallet = to_fb(w.address);
      lines.push_back(fb::CreateWalletLine(b, name, group, &wallet, w.watch_only, w.retired, w.halted, w.halt_number,
                                           w.spend_hour.value, w.spend_day.value, w.cost_hour.value, w.cost_day.value,
                                           w.spend_hour_max.value, w.spend_day_max.value, w.cost_hour_max.value,
                                           w.cost_day_max.value));
    }
    return {fb::SignerAnswer::StatusAnswer, fb::CreateStatusAnswer(b, b.CreateVector(lines)).Union()};
  }
};

wallet_status line_of(const fb::WalletLine& w) {
  const auto text = [](const flatbuffers::String* s) { return s == nullptr ? std::string() : s->str(); };
  return {.name = text(w.name()),
          .group = text(w.group()),
          .address = w.address() == nullptr ? address{} : of_fb(*w.address()),
          .watch_only = w.watch_only(),
          .retired = w.retired(),
          .halted = w.halted(),
          .halt_number = w.halt_number(),
          .spend_hour = lamports(w.spend_hour()),
          .spend_day = lamports(w.spend_day()),
          .cost_hour = lamports(w.cost_hour()),
          .cost_day = lamports(w.cost_day()),
          .spend_hour_max = lamports(w.spend_hour_max()),
          .spend_day_max = lamports(w.spend_day_max()),
          .cost_hour_max = lamports(w.cost_hour_max()),
          .cost_day_max = lamports(w.cost_day_max())};
}

} // namespace

std::string encode(const signer_request& request) {
  flatbuffers::FlatBufferBuilder b(2048);
  const auto [kind, ask] = std::visit(ask_writer{b}, request.ask);
  fb::FinishSignerFrameBuffer(b, fb::CreateSignerFrame(b, fb::CreateSignerRequest(b, request.id, kind, ask), 0));
  return framed(b);
}

std::string encode(const signer_reply& reply) {
  flatbuffers::FlatBufferBuilder b(512);
  const auto [kind, answer] = std::visit(answer_writer{b}, reply.answer);
  fb::FinishSignerFrameBuffer(b, fb::CreateSignerFrame(b, 0, fb::CreateSignerReply(b, reply.id, kind, answer)));
  return framed(b);
}

result<signer_request> decode_request(std::string_view frame) {
  const auto* root = verified(frame);
  if (root == nullptr || root->request() == nullptr) return bad("is no request");
  const auto& r = *root->request();
  signer_request out{.id = r.id(), .ask = status_ask{}};
  if (const auto* a = r.ask_as_SignAsk(); a != nullptr) {
    if (a->wallet() == nullptr || a->message() == nullptr) return bad("lacks the wallet or the message");
    out.ask = sign_ask{.request = {.wallet = of_fb(*a->wallet()),
                                   .message = {a->message()->begin(), a->message()->end()},
                                   .totals = {lamports(a->spent_hour()), lamports(a->spent_day())},
                                   .halt_number = a->halt_number(),
                                   .halted = a->halted()}};
    return out;
  }
  if (const auto* h = r.ask_as_HaltAsk(); h != nullptr) {
    if (h->wallet() == nullptr) return bad("lacks the wallet");
    out.ask = halt_ask{of_fb(*h->wallet()), h->number()};
    return out;
  }
  if (const auto* h = r.ask_as_ResumeAsk(); h != nullptr) {
    if (h->wallet() == nullptr) return bad("lacks the wallet");
    out.ask = resume_ask{of_fb(*h->wallet()), h->number()};
    return out;
  }
  if (r.ask_as_StatusAsk() != nullptr) return out;
  return bad("asks for what is not known here");
}

result<signer_reply> decode_reply(std::string_view frame) {
  const auto* root = verified(frame);
  if (root == nullptr || root->reply() == nullptr) return bad("is no reply");
  const auto& r = *root->reply();
  signer_reply out{.id = r.id(), .answer = refused{}};
  if (const auto* s = r.answer_as_SignedAnswer(); s != nullptr) {
    if (s->signature() == nullptr) return bad("lacks the signature");
    signature bytes;
    std::copy_n(s->signature()->bytes()->data(), signature::size, bytes.bytes.begin());
    out.answer = bytes;
    return out;
  }
  if (const auto* f = r.answer_as_RefusedAnswer(); f != nullptr) {
    const auto why = f->why() == 0 || f->why() >= static_cast<std::uint8_t>(refusal::count_)
                         ? refusal::bad_request
                         : static_cast<refusal>(f->why());
    out.answer = refused{why, f->text() == nullptr ? std::string() : f->text()->str()};
    return out;
  }
  if (const auto* h = r.answer_as_HaltAnswer(); h != nullptr) {
    out.answer = halt_answer{h->stored(), h->number()};
    return out;
  }
  if (const auto* s = r.answer_as_StatusAnswer(); s != nullptr) {
    std::vector<wallet_status> all;
    if (s->wallets() != nullptr)
      for (const auto* w : *s->wallets()) all.push_back(line_of(*w));
    out.answer = std::move(all);
    return out;
  }
  return bad("answers with what is not known here");
}

void frame_cutter::append(std::string_view bytes) {
  if (at_ > 0) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  buffer_.append(bytes);
}

std::optional<std::string_view> frame_cutter::next() {
  if (broken_ || buffer_.size() - at_ < 4) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size |= static_cast<std::size_t>(static_cast<unsigned char>(buffer_[at_ + i])) << (8 * i);
  if (size > max_) {
    broken_ = true;
    return std::nullopt;
  }
  if (buffer_.size() - at_ - 4 < size) return std::nullopt;
  const std::string_view out(buffer_.data() + at_ + 4, size);
  at_ += 4 + size;
  return out;
}

} // namespace sett::signer
